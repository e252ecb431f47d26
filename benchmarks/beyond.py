"""What does a warehouse in a DuckLake cost over a local file, and how fast do snapshots go to a replica?

The catalogue is a PostgreSQL of this machine, the storage a folder, and then moto's S3 server: written in Python, with
its data in memory, on the same cores. What it takes is an upper bound of what storage takes.
"""

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
from sqlalchemy import create_engine, text

from benchmarks.copy import EVENTS, PERIOD_SECONDS, TABLES
from benchmarks.object_store import ObjectStore, own_object_store
from benchmarks.postgres import temporary_postgres
from benchmarks.report import Row, report, timed
from core.settings import Settings
from features.daily import rebuild_daily
from warehouse.connection import connect
from warehouse.copy import copy_source
from warehouse.manifest import ManifestBody, public_settings
from warehouse.snapshot_store import SnapshotStore
from warehouse.snapshots import draft, publish

SNAPSHOT_FILES = 4


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000, help="events in the source")
    parser.add_argument("--megabytes", type=int, default=1_000, help="of the snapshot")
    options = parser.parse_args()
    with (
        own_object_store() as store,
        temporary_postgres({"shared_buffers": "1GB", "max_wal_size": "8GB"}) as dsn,
        tempfile.TemporaryDirectory(prefix="feedrank-bench-") as name,
    ):
        home, bucket = Path(name), store.bucket()
        engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg2://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(TABLES))
            values = {"first": 1, "last": options.rows, "seconds": PERIOD_SECONDS / options.rows}
            connection.execute(text(EVENTS), values)
            connection.execute(text("CREATE DATABASE in_folder"))
            connection.execute(text("CREATE DATABASE on_s3"))
        engine.dispose()
        server_address = dsn.rpartition("/")[0]
        places: dict[str, dict[str, Any]] = {
            "file": {},
            "lake in a folder": {"catalog": f"{server_address}/in_folder", "data_path": str(home / "data")},
            "lake on S3": {"catalog": f"{server_address}/on_s3", "data_path": f"{bucket}/warehouse"},
        }
        rows = []
        first: dict[str, float] = {}
        for place, warehouse in places.items():
            settings = Settings.model_validate(
                {"home": home / place, "source": {"dsn": dsn}, "warehouse": warehouse, "object_store": store.settings}
            )
            first[place] = timed(partial(copy_source, settings, "first"))
            rows += [
                Row(f"first copy of {options.rows:,} events: {place}", first[place], "s"),
                Row(f"full copy over it: {place}", timed(partial(copy_source, settings, "second", full=True)), "s"),
                Row(f"days aggregated: {place}", timed(partial(_aggregate, settings)), "s"),
            ]
        rows.append(Row("first copy: lake in a folder / file", first["lake in a folder"] / first["file"], "ratio"))
        rows += _lake_sizes(server_address, options.rows)
        rows += _snapshot(home, store, f"{bucket}/snapshots", options.megabytes)
    return not report("beyond", rows)


def _aggregate(settings: Settings) -> None:
    with connect(settings) as warehouse:
        rebuild_daily(warehouse)


def _lake_sizes(server: str, events: int) -> list[Row]:
    connection = psycopg2.connect(f"{server}/in_folder")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.table_name, sum(f.file_size_bytes)::float8, sum(f.record_count)::float8 FROM ducklake_data_file "
            "AS f JOIN ducklake_table AS t USING (table_id) WHERE f.end_snapshot IS NULL AND t.end_snapshot IS NULL "
            "GROUP BY 1 ORDER BY 2 DESC LIMIT 5"
        )
        found = cursor.fetchall()
        cursor.execute("SELECT pg_database_size('in_folder')::float8")
        [(catalogue,)] = cursor.fetchall()
    connection.close()
    sizes = [
        Row(f"lake: bytes of a row of {name} ({count:,.0f} rows)", size / count, "bytes") for name, size, count in found
    ]
    return [*sizes, Row(f"catalogue after three runs of {events:,} events", catalogue / 1e6, "MB")]


def _snapshot(home: Path, store: ObjectStore, url: str, megabytes: int) -> list[Row]:
    values = {"object_store": store.settings, "snapshots": {"store": url}}
    here = Settings.model_validate({"home": home / "here", **values})
    noise = np.random.default_rng(0)
    now = np.datetime64("2026-01-01").astype("datetime64[us]").item()
    body = ManifestBody(
        watermark=now, cut=now, trained_at=now, rows={}, metrics={}, settings=public_settings(here), code_version="0"
    )
    with draft(here) as folder:
        for number in range(SNAPSHOT_FILES):
            (folder / f"file {number}").write_bytes(noise.bytes(megabytes * 1_000_000 // SNAPSHOT_FILES))
        started = time.perf_counter()
        snapshot = publish(here, folder, body)
        published = time.perf_counter() - started
    there = SnapshotStore(here)
    pulled = timed(partial(there.fetch, snapshot.id, home / "there"))
    return [
        Row(f"snapshot of {megabytes:,} MB: hashed, stored and uploaded", published, "s"),
        Row(f"snapshot of {megabytes:,} MB: pulled and verified", pulled, "s"),
    ]


if __name__ == "__main__":
    sys.exit(main())
