"""What only a DuckLake has: the published snapshot's tables for everybody, and old versions to clear away."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from core.settings import Settings
from warehouse.connection import LAKE, identifier, literal, transaction

PUBLISHED = "published"  # the schema of the tables of the snapshot that was published last
FIXED_LENGTH = re.compile(r"\[\d+\]")
# a reader that began before a file was replaced still finds it for so long
READERS = timedelta(days=1)


def publish_tables(warehouse: duckdb.DuckDBPyConnection, snapshot_id: str, file: Path) -> None:
    """Replace the tables of the schema `published` by those of a snapshot's database, in one version of the lake.

    `published.snapshot` holds the snapshot's id, and so does the message of the version.
    """
    warehouse.execute(f"ATTACH {literal(str(file))} AS published_file (READ_ONLY)")
    try:
        with transaction(warehouse):
            warehouse.execute(f"CREATE SCHEMA IF NOT EXISTS {PUBLISHED}")
            names = _tables(warehouse, "published_file", "main")
            for name in names:
                warehouse.execute(
                    f"CREATE OR REPLACE TABLE {PUBLISHED}.{identifier(name)} AS {_storable(warehouse, name)}"
                )
            for name in _tables(warehouse, LAKE, PUBLISHED) - names:
                warehouse.execute(f"DROP TABLE {PUBLISHED}.{identifier(name)}")
            warehouse.execute(
                f"CREATE TABLE {PUBLISHED}.snapshot AS SELECT {literal(snapshot_id)} AS snapshot_id, now() AS put_at"
            )
            warehouse.execute(f"CALL {LAKE}.set_commit_message('feedrank', {literal(f'snapshot {snapshot_id}')})")
    finally:
        warehouse.execute("DETACH published_file")


def maintain(warehouse: duckdb.DuckDBPyConnection, settings: Settings, *, dry_run: bool) -> list[str]:
    """Forget versions older than `warehouse.keep_versions`, join small files, and delete those that nothing needs.

    Gives what was forgotten and deleted, or with `dry_run` what would be.
    """
    keep = settings.warehouse.keep_versions
    forgotten = _call(warehouse, "expire_snapshots", f"older_than => {_before(keep)}, dry_run => {dry_run}")
    if not dry_run:
        # those that hold many deleted rows are written anew, and small ones are joined
        _call(warehouse, "rewrite_data_files")
        _call(warehouse, "merge_adjacent_files")
    replaced = f"older_than => {_before(min(keep, READERS))}, dry_run => {dry_run}"
    orphaned = f"older_than => {_before(READERS)}, dry_run => {dry_run}"  # or of somebody who has not committed yet
    files = [*_call(warehouse, "cleanup_old_files", replaced), *_call(warehouse, "delete_orphaned_files", orphaned)]
    return [f"version {version}" for version in forgotten] + files


def _call(warehouse: duckdb.DuckDBPyConnection, function: str, options: str = "") -> list[str]:
    """The first column of what one of DuckLake's functions did."""
    rest = f", {options}" if options else ""
    return [str(row[0]) for row in warehouse.execute(f"CALL ducklake_{function}({literal(LAKE)}{rest})").fetchall()]


def _before(span: timedelta) -> str:
    return f"TIMESTAMPTZ {literal((datetime.now(UTC) - span).isoformat())}"


def _tables(warehouse: duckdb.DuckDBPyConnection, database: str, schema: str) -> set[str]:
    query = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = ?"
    return {name for (name,) in warehouse.execute(query, [database, schema]).fetchall()}


def _storable(warehouse: duckdb.DuckDBPyConnection, table: str) -> str:
    """The query of a table whose enums are texts and whose arrays are lists, as a lake has neither."""
    source = f"published_file.main.{identifier(table)}"
    columns = []
    for name, kind, *_ in warehouse.execute(f"DESCRIBE {source}").fetchall():
        stored = "VARCHAR" if kind.startswith("ENUM") else FIXED_LENGTH.sub("[]", kind)
        columns.append(f"CAST({identifier(name)} AS {stored}) AS {identifier(name)}")
    return f"SELECT {', '.join(columns)} FROM {source}"
