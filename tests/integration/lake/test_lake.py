"""A warehouse in a DuckLake: its catalogue in PostgreSQL, its files on S3."""

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from benchmarks.object_store import ObjectStore
from core.errors import WarehouseBusy, WarehouseUnreachable
from core.settings import Settings
from experiments.daily import update_daily
from features.daily import refresh_daily
from ranking.recommender import STATE_FILE
from tests.integration.small_network import OF_THE_COPIES, WATERMARK, Network
from warehouse.connection import connect
from warehouse.copy import copy_source
from warehouse.lake import maintain, publish_tables
from warehouse.lock import lock_holder, warehouse_lock
from warehouse.snapshots import Snapshot, current, public_settings

WAREHOUSE = (
    "raw.users", "raw.posts", "raw.events", "raw.known_events", "features.user_day", "features.user_topic_day",
    "features.post_day", "features.text_embeddings", "meta.watermarks",
)  # fmt: skip


def tables(snapshot: Snapshot) -> dict[str, pl.DataFrame]:
    with duckdb.connect(str(snapshot.folder / STATE_FILE), read_only=True) as connection:
        names = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
        return {name: connection.table(name).pl() for name in names}


def rows(settings: Settings, table: str) -> pl.DataFrame:
    with connect(settings, read_only=True) as warehouse:
        return warehouse.execute(f"FROM {table}").pl().with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))


def count(warehouse: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(warehouse.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])


def waiting(settings: Settings, seconds: float) -> Settings:
    warehouse = settings.warehouse.model_copy(update={"lock_wait": timedelta(seconds=seconds)})
    return settings.model_copy(update={"warehouse": warehouse})


def test_a_training_on_a_lake_gives_what_it_gives_on_a_file(trained_network: Network, lake: Network) -> None:
    here, there = current(trained_network.settings), lake.retrain()
    for name in WAREHOUSE:
        local, shared = (rows(network.settings, name).sort(pl.all()) for network in (trained_network, lake))
        assert_frame_equal(local, shared, check_exact=True)
    ours, theirs = tables(here), tables(there)
    assert ours.keys() == theirs.keys()
    for name in ours.keys() - set(OF_THE_COPIES):
        assert_frame_equal(ours[name], theirs[name], check_exact=True)
    files = {name for name in here.manifest.files if name != STATE_FILE}
    differing = {name for name in files if here.manifest.files[name] != there.manifest.files.get(name)}
    assert not differing, "rankers, encoders and arrays are the same to the last bit"


def test_what_comes_and_goes_later_is_copied_and_what_is_published_is_told_to_analysts(
    lake: Network, network: Network
) -> None:
    more = f"INSERT INTO feed_action VALUES (1, 2, 'like', '{WATERMARK}'), (1, 2, 'dislike', '{WATERMARK}')"
    lake = Network(network.dsn, lake.settings.model_copy(update={"source": network.settings.source}))
    copy_source(lake.settings, "first")
    network.execute(more)
    for one in (lake, network):
        report = copy_source(one.settings, "second")
        assert (report.copied["events"], report.rejected_by_rule) == (1, {"events.unknown_action": 1})
        full = copy_source(one.settings, "third", full=True)
        assert full.copied["events"] == report.copied["events"] + 600
    network.execute(
        "DELETE FROM feed_action WHERE user_id = 3 AND post_id < 5; UPDATE post SET topic = 'new' WHERE id = 7"
    )
    for one in (lake, network):
        assert copy_source(one.settings, "fourth", reconcile="repair").healed.removed > 0
        with connect(one.settings) as warehouse:
            refresh_daily(warehouse)
    for name in ("raw.events", "quality.rejected", "features.user_topic_day", "features.post_day", "meta.changed_days"):
        now = pl.col("^(late_at|rejected_at)$").is_not_null()  # moments of the copies themselves
        both = [rows(one.settings, name).with_columns(now).sort(pl.all()) for one in (lake, network)]
        assert_frame_equal(*both, check_exact=True)
    published = current(network.settings)
    for _ in range(2):
        with connect(lake.settings) as warehouse:
            publish_tables(warehouse, published.id, published.folder / STATE_FILE)
    with connect(lake.settings, read_only=True) as warehouse:
        assert warehouse.execute("SELECT snapshot_id FROM published.snapshot").fetchall() == [(published.id,)]
        message = "SELECT commit_message FROM lake.snapshots() ORDER BY snapshot_id DESC LIMIT 1"
        assert warehouse.execute(message).fetchall() == [(f"snapshot {published.id}",)]
        shown = warehouse.execute("FROM published.recommendations ORDER BY user_id, arm, rank").pl()
        assert count(warehouse, "published.users") == 24
        liked = "FROM published.user_feed WHERE action = 'like' AND user_id = 1"
        assert count(warehouse, f"({liked})") == 5
    assert_frame_equal(shown, tables(published)["recommendations"].sort("user_id", "arm", "rank"))


def test_readers_see_the_last_commit_while_a_writer_works(lake: Network) -> None:
    copy_source(lake.settings, "first")
    seen: dict[int, set[int]] = {0: set(), 1: set()}
    done = threading.Event()

    def read(number: int) -> None:
        with connect(lake.settings, read_only=True) as reader:
            while not done.is_set():
                seen[number].add(count(reader, "raw.events"))

    with connect(lake.settings) as writer:
        readers = [threading.Thread(target=read, args=[number]) for number in seen]
        writer.begin()
        writer.execute("INSERT INTO raw.events SELECT range, 1, 'view', now()::TIMESTAMP, NULL FROM range(1000)")
        writer.execute("DELETE FROM raw.events WHERE user_id >= 500")
        for reader in readers:
            reader.start()
        while not all(seen.values()):
            done.wait(0.01)
        writer.commit()
        for _ in range(500):
            if all(1100 in counts for counts in seen.values()):
                break
            done.wait(0.02)
        done.set()
        for reader in readers:
            reader.join()
    assert seen == {0: {600, 1100}, 1: {600, 1100}}, "before or after, and nothing in between"


def test_of_two_writers_the_second_waits_and_a_dead_one_frees_the_lock(lake: Network) -> None:
    held = (
        "import sys, time; from core.settings import Settings; from warehouse.lock import warehouse_lock\n"
        "settings = Settings.model_validate_json(sys.stdin.read())\n"
        "with warehouse_lock(settings, 'retrain/nightly'): print('held', flush=True); time.sleep(600)"
    )
    assert lock_holder(lake.settings) is None
    assert lake.settings.warehouse.catalog is not None
    told = {
        "warehouse": {
            "catalog": lake.settings.warehouse.catalog.get_secret_value(),
            "data_path": lake.settings.warehouse.data_path,
        }
    }
    owner = subprocess.Popen([sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdin is not None
    assert owner.stdout is not None
    owner.stdin.write(json.dumps(told))
    owner.stdin.close()
    assert owner.stdout.readline() == "held\n"
    holder = lock_holder(lake.settings)
    assert holder is not None
    assert holder.startswith(f"'retrain/nightly (process {owner.pid} on ")
    with (
        pytest.raises(WarehouseBusy, match=r"retrain/nightly \(process"),
        warehouse_lock(waiting(lake.settings, 0), "x"),
    ):
        pass
    os.kill(owner.pid, signal.SIGKILL)
    with warehouse_lock(waiting(lake.settings, 10), "next"):
        assert "next" in (lock_holder(lake.settings) or "")
    owner.wait()
    owner.stdout.close()
    assert lock_holder(lake.settings) is None


def test_of_two_copies_without_the_lock_only_one_is_kept(lake: Network) -> None:
    """Should a lock's connection be cut while its owner goes on, the catalogue still refuses the second commit."""
    copy_source(lake.settings, "first")
    lake_lines = "INSERT INTO raw.events VALUES (1, 1, 'view', '2030-01-01', NULL)"
    with connect(lake.settings) as one, connect(lake.settings) as other:
        for writer in (one, other):
            writer.begin()
            writer.execute(lake_lines)
            writer.execute("UPDATE meta.watermarks SET value = '2030-01-01' WHERE name = 'events'")
        one.commit()
        with pytest.raises(duckdb.TransactionException, match="conflict"):
            other.commit()
        assert count(one, "raw.events") == 601


def test_opening_a_lake_again_makes_no_version(lake: Network) -> None:
    def versions() -> int:
        with connect(lake.settings) as warehouse:
            return count(warehouse, "lake.snapshots()")

    assert versions() == versions()


def test_an_experiment_has_the_same_statistics_on_a_lake(lake: Network, trained_network: Network) -> None:
    """In two parts, so that the second is added to what the first has left."""
    copy_source(lake.settings, "first")
    aside = trained_network.settings.model_copy(update={"home": lake.settings.home / "file"})
    copy_source(aside, "first")
    shown = """
        INSERT INTO raw.exposures (request_id, experiment, salt, user_id, arm, shown_at, post_ids, sources, latency)
        SELECT
            format('00000000-0000-0000-0000-{:012d}', row_number() OVER (ORDER BY user_id, post_id))::UUID, 'e', 's',
            user_id, if(user_id % 2 = 0, 'control', 'test'), event_time - INTERVAL 1 MINUTE,
            [post_id, post_id % 20 + 1],
            ['factors', 'fresh'], 0.001 * post_id
        FROM raw.events WHERE action = 'view' AND event_time BETWEEN ? AND ?
    """
    tables = ("experiment_daily", "guardrail_daily", "credit_daily", "member", "aggregated_day")
    found = []
    for settings in (lake.settings, aside):
        with connect(settings) as warehouse:
            for first, last in (("2025-01-01", "2025-01-05"), ("2025-01-05", "2025-01-30")):
                warehouse.execute(shown, [first, last])
                update_daily(warehouse, settings)
            found.append([warehouse.execute(f"FROM experiments.{name} ORDER BY ALL").fetchall() for name in tables])
    assert all(found[0][:2])
    assert found[0] == found[1]


def test_old_versions_and_their_files_are_cleared_away(lake: Network, object_store: ObjectStore) -> None:
    for run in range(2):
        copy_source(lake.settings, f"run {run}", full=True)
    at_once = lake.settings.warehouse.model_copy(update={"keep_versions": timedelta(0)})
    settings = lake.settings.model_copy(update={"warehouse": at_once})
    before = rows(settings, "raw.events").sort(pl.all())
    files = object_store.keys(str(settings.warehouse.data_path))
    with connect(settings) as warehouse:
        assert maintain(warehouse, lake.settings, dry_run=True) == [], "a week is kept"
        named = maintain(warehouse, settings, dry_run=True)
        assert any(name.startswith("version ") for name in named)
        assert object_store.keys(str(settings.warehouse.data_path)) == files
        maintain(warehouse, settings, dry_run=False)
        assert count(warehouse, "lake.snapshots()") <= 2, "the last one, and the one in which files are joined"
    assert len(object_store.keys(str(settings.warehouse.data_path))) < len(files)
    assert_frame_equal(rows(settings, "raw.events").sort(pl.all()), before)


def test_a_catalogue_that_is_away_is_told_without_its_password(lake: Network) -> None:
    away = Settings.model_validate(
        {
            "home": lake.settings.home,
            "source": {"dsn": lake.dsn},
            "warehouse": {"catalog": "postgresql://me:pass%20word@127.0.0.1:1/db", "data_path": "/tmp/x"},
            "object_store": {"key_id": "me", "secret": "s3-secret"},
        }
    )
    for attempt in (connect, lock_holder):
        with pytest.raises(WarehouseUnreachable) as told:
            attempt(away)
        assert "warehouse.catalog" in str(told.value)
        assert "pass" not in str(told.value).replace("password", "")
    assert not {"pass%20word", "pass word", "s3-secret"} & set(repr(away).split("'"))
    assert "pass" not in str(public_settings(away))
    assert "s3-secret" not in str(public_settings(away))
