"""The world fails while the pipeline runs: it stops with a message, what is served stays, and the next run makes up."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest

from core.errors import SnapshotDamaged, SourceError
from tests.faults.night import PROCESSES, clone_home, night
from tests.faults.remains import check_standing, is_on_record, orphans, warehouse_rows
from tests.integration.api.process import eventually
from tests.integration.postgres_server import PostgresServer, own_postgres
from tests.integration.small_network import SMALL_NETWORK, Network, small_settings
from warehouse import snapshots
from warehouse.copy import copy_source
from warehouse.snapshots import current, list_snapshots, verify

NEWS = "INSERT INTO feed_action VALUES (1, 2, 'view', '2025-01-13 13:00'), (2, 3, 'view', '2025-01-13 14:00')"


@pytest.fixture
def server(trained: Network) -> Iterator[PostgresServer]:
    """A server that a test may stop, with the network's tables."""
    with own_postgres() as server:
        yield server


@pytest.fixture
def moved(trained: Network, server: PostgresServer, tmp_path: Path) -> Network:
    """The network on that server."""
    home = clone_home(trained.settings.home, tmp_path / "home")
    network = Network(server.dsn, small_settings(server.dsn, home))
    network.execute(SMALL_NETWORK)
    return network


@contextmanager
def locked(dsn: str, table: str) -> Iterator[Any]:
    """Hold a table as an `ALTER TABLE` does."""
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield connection


def waits_for_a_lock(dsn: str) -> bool:
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database"
            " WHERE NOT granted AND datname = current_database()"
        )
        return bool(cursor.fetchall()[0][0])


def copy(network: Network) -> Exception | None:
    try:
        copy_source(network.settings, "in trouble")
    except SourceError as error:
        return error
    return None


def made_up_for(network: Network, before: dict[str, Any]) -> None:
    """Nothing has changed, and the next copy brings the news."""
    assert warehouse_rows(network.settings) == before
    assert copy_source(network.settings, "again").copied["events"] >= 2


def terminate(network: Network) -> None:
    network.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND pid IN (SELECT pid FROM pg_locks WHERE NOT granted)"
    )


@pytest.mark.parametrize("table", ['"user"', "feed_action"])
def test_a_copy_waits_for_a_lock_and_goes_on(network: Network, table: str) -> None:
    network.execute(NEWS)
    with ThreadPoolExecutor(1) as pool:
        with locked(network.dsn, table):
            copied = pool.submit(copy, network)
            eventually(lambda: waits_for_a_lock(network.dsn))
        assert copied.result() is None
    assert any(row[:2] == (2, 3) for row in warehouse_rows(network.settings)["raw.events"])


def test_connections_that_are_cut_in_mid_copy(network: Network) -> None:
    network.execute(NEWS)
    before = warehouse_rows(network.settings)
    with ThreadPoolExecutor(1) as pool, locked(network.dsn, "feed_action"):
        copied = pool.submit(copy, network)
        eventually(lambda: waits_for_a_lock(network.dsn))
        terminate(network)
        error = copied.result()
    assert "nothing has changed" in str(error)
    made_up_for(network, before)


def test_a_limit_on_the_time_of_statements(network: Network) -> None:
    network.execute(NEWS)
    before = warehouse_rows(network.settings)
    name = network.dsn.rpartition("/")[2]
    network.execute(f"ALTER DATABASE {name} SET statement_timeout = '300ms'")
    with locked(network.dsn, "feed_action"):
        error = copy(network)
    assert "statement timeout" in str(error)
    network.execute(f"ALTER DATABASE {name} RESET statement_timeout")
    made_up_for(network, before)


def test_postgres_restarted_in_mid_copy(moved: Network, server: PostgresServer) -> None:
    copy_source(moved.settings, "first")
    moved.execute(NEWS)
    before = warehouse_rows(moved.settings)
    with ThreadPoolExecutor(1) as pool:
        holder = psycopg2.connect(server.dsn)
        holder.cursor().execute("LOCK TABLE feed_action IN ACCESS EXCLUSIVE MODE")
        copied = pool.submit(copy, moved)
        eventually(lambda: waits_for_a_lock(server.dsn))
        server.stop()
        assert copied.result() is not None
        holder.close()
    assert "does not answer" in str(copy(moved)) or "cannot reach" in str(copy(moved))
    server.start()
    eventually(lambda: answers(server))
    made_up_for(moved, before)


def answers(server: PostgresServer) -> bool:
    try:
        return bool(server.rows("SELECT 1"))
    except psycopg2.OperationalError:
        return False


def run_night(network: Network, *, as_nobody: bool = False) -> int:
    """A night in a process of its own; gives its exit code."""
    process = PROCESSES.Process(target=_night, args=(network.dsn, network.settings.home, as_nobody))
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _night(dsn: str, home: Path, as_nobody: bool) -> None:
    if as_nobody:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    night(small_settings(dsn, home), lambda _: None)


def test_two_schedulers_that_fire_at_once_run_one_after_the_other(network: Network) -> None:
    network.execute(NEWS)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: run_night(network), range(2))) == [0, 0]
    check_standing(network.settings)
    assert is_on_record(network.settings)
    assert orphans(network.settings) == []
    found = warehouse_rows(network.settings)["raw.events"]
    assert sum(row[:2] == (2, 3) and row[2] == "view" for row in found) == 2  # that of the network and that of the news


def test_a_folder_of_snapshots_that_cannot_be_written(network: Network) -> None:
    if os.geteuid() == 0:  # root may write anywhere, so somebody else tries
        for path in [network.settings.home, *network.settings.home.rglob("*")]:
            os.chown(path, 65534, 65534, follow_symlinks=False)
        for parent in network.settings.home.parents[:3]:
            parent.chmod(parent.stat().st_mode | 0o011)
    standing = current(network.settings).id
    network.settings.snapshots_folder.chmod(0o555)
    try:
        assert run_night(network, as_nobody=os.geteuid() == 0) == 1
    finally:
        network.settings.snapshots_folder.chmod(0o755)
    assert current(network.settings).id == standing
    check_standing(network.settings)
    assert run_night(network) == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a disk of so many bytes."""
    place = tmp_path / "disk"
    place.mkdir()

    def make(size: int) -> Path:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True)
        if mounted.returncode:
            pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
        return place

    yield make
    subprocess.run(["umount", place], capture_output=True)


def size_of(home: Path) -> int:
    return sum(path.stat().st_size for path in home.rglob("*") if path.is_file() and not path.is_symlink())


def test_a_disk_that_is_full(network: Network, small_disk: Callable[[int], Path]) -> None:
    network.execute(NEWS)
    disk = small_disk(size_of(network.settings.home) + (1 << 20))
    home = clone_home(network.settings.home, disk / "home")
    crowded = Network(network.dsn, small_settings(network.dsn, home))
    standing = current(crowded.settings).id
    with (disk / "ballast").open("wb") as ballast:
        ballast.write(bytes(shutil.disk_usage(disk).free - (256 << 10)))
    assert run_night(crowded) == 1
    assert current(crowded.settings).id == standing
    check_standing(crowded.settings)
    (disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=1g", disk], check=True)
    assert run_night(crowded) == 0
    assert orphans(crowded.settings) == []


def test_a_model_file_cut_short_is_never_published_again(network: Network) -> None:
    network.execute(NEWS)
    model = current(network.settings).folder / "control.cbm"
    model.write_bytes(model.read_bytes()[:-100])
    before = [snapshot.id for snapshot in list_snapshots(network.settings)]
    with pytest.raises(SnapshotDamaged, match=r"control\.cbm"):
        network.refresh()
    assert [snapshot.id for snapshot in list_snapshots(network.settings)] == before
    network.retrain()  # needs nothing of the damaged one
    verify(current(network.settings))


def test_a_clock_that_steps_back(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    before = current(network.settings).id
    two_hours_ago = SimpleNamespace(
        now=lambda zone: datetime.now(zone) - timedelta(hours=2), strptime=datetime.strptime
    )
    monkeypatch.setattr(snapshots, "datetime", two_hours_ago)
    network.execute(NEWS)
    assert network.refresh().id > before, "names sort by when they were published"
    assert current(network.settings).id == list_snapshots(network.settings)[0].id
