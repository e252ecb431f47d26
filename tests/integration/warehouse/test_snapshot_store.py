"""Snapshots that several machines share through S3; a machine is a home folder here."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import obstore
import pytest

from benchmarks.object_store import ObjectStore
from core.errors import SettingsError, SnapshotDamaged, SnapshotNotFound, SnapshotRaced, StoreUnreachable
from core.settings import Settings, load_settings
from warehouse.history import Switch
from warehouse.snapshot_store import Head, SnapshotStore
from warehouse.snapshots import (
    ManifestBody,
    Snapshot,
    current,
    draft,
    history,
    list_snapshots,
    open_snapshot,
    promote,
    public_settings,
    publish,
    retain,
    rollback,
    standing,
    store,
)

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
Machine = Callable[[str], Settings]


@pytest.fixture
def machine(object_store: ObjectStore, tmp_path: Path) -> Machine:
    """Settings of a machine of that name, with an empty home; all share one store."""
    url = f"{object_store.bucket()}/feed"

    def make(name: str) -> Settings:
        values = {"home": tmp_path / name, "snapshots": {"store": url}, "object_store": object_store.settings}
        return Settings.model_validate(values)

    return make


def write(settings: Settings, text: str, *, live: bool = True) -> Snapshot:
    body = ManifestBody(
        watermark=NOON, cut=NOON, trained_at=NOON, rows={"users": 1}, metrics={"auc": float("nan")},
        settings=public_settings(settings), code_version="0",
    )  # fmt: skip
    with draft(settings) as folder:
        (folder / "features.duckdb").write_text(text)
        (folder / "encoders").mkdir()
        (folder / "encoders" / "empty").write_text("")
        return (publish if live else store)(settings, folder, body)


def test_what_one_machine_publishes_another_has_to_the_last_byte(machine: Machine) -> None:
    here, there = machine("here"), machine("there")
    assert standing(there) is None
    published = write(here, "one")
    copy = current(there)
    assert copy.id == published.id
    for name in ("features.duckdb", "encoders/empty", "manifest.json"):
        assert (copy.folder / name).read_bytes() == (published.folder / name).read_bytes()
    second = write(there, "two")
    assert current(here).id == second.id
    assert [one.id for one in list_snapshots(machine("third"))] == [second.id, published.id]
    assert [switch.snapshot for switch in history(here)] == [published.id, second.id]


def test_a_machine_goes_back_to_a_snapshot_that_it_never_had(machine: Machine) -> None:
    ids = [write(machine("here"), text).id for text in ("one", "two", "three")]
    there = machine("there")
    assert rollback(there).id == ids[1]
    assert current(machine("here")).id == ids[1]
    assert rollback(there, ids[0]).id == ids[0]
    assert promote(machine("here"), ids[2], by="me").id == ids[2]
    assert [switch.action for switch in history(there)][-3:] == ["rollback", "rollback", "promote"]
    with pytest.raises(SnapshotNotFound, match="20250101T000000Z-0123456789ab"):
        open_snapshot(there, "20250101T000000Z-0123456789ab")


def test_retention_is_of_the_store_and_of_the_machine(machine: Machine, object_store: ObjectStore) -> None:
    here = machine("here")
    ids = [write(here, text).id for text in ("one", "two", "three", "four")]
    assert retain(here, 2, dry_run=True) == [ids[1], ids[0]]
    assert len(list_snapshots(here)) == 4
    assert retain(here, 2, dry_run=False) == [ids[1], ids[0]]
    assert [one.id for one in list_snapshots(machine("there"))] == [ids[3], ids[2]]
    assert {key.split("/")[1] for key in object_store.keys(str(here.snapshots.store).removesuffix("/feed"))} == {
        "current", *ids[2:],
    }  # fmt: skip
    assert sorted(path.name for path in here.snapshots_folder.glob("2*")) == ids[2:]


def test_of_two_publishers_one_wins_and_the_other_is_told(machine: Machine) -> None:
    here, there = machine("here"), machine("there")
    write(here, "one")
    current(there)
    second = write(here, "two")
    with pytest.raises(SnapshotRaced, match=rf"{second.id} has become live.*feedrank snapshot promote"):
        write(there, "meanwhile")
    assert current(machine("third")).id == second.id
    assert current(there).id == second.id


def test_of_many_that_switch_from_the_same_state_exactly_one_does(machine: Machine) -> None:
    shared = SnapshotStore(machine("here"))
    for state in (Head([], None), None):
        since = state or shared.head()
        won: list[Head] = []
        raced: list[SnapshotRaced] = []

        def switch(number: int, since: Head = since, won: list[Head] = won, raced: list[SnapshotRaced] = raced) -> None:
            try:
                won.append(shared.switch(Switch(NOON, f"snapshot {number}", "publish", "me"), since))
            except SnapshotRaced as error:
                raced.append(error)

        threads = [threading.Thread(target=switch, args=[number]) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(won), len(raced)) == (1, 3)
        assert shared.head() == won[0]
        assert shared.head(won[0]) is won[0], "nothing is read that has not changed"


@pytest.mark.parametrize("name", ["features.duckdb", "manifest.json"])
@pytest.mark.parametrize("content", [b"one!", b"onE", b"", None])
def test_what_is_damaged_in_the_store_is_refused(
    machine: Machine, object_store: ObjectStore, name: str, content: bytes | None
) -> None:
    here, there = machine("here"), machine("there")
    first = write(here, "one")
    current(there)
    second = write(here, "two")
    client = object_store.client(str(here.snapshots.store))
    path = f"{second.id}/{name}"
    obstore.delete(client, path) if content is None else obstore.put(client, path, content)
    with pytest.raises((SnapshotDamaged, SnapshotNotFound), match=second.id):
        current(there)
    assert (there.snapshots_folder / "current").readlink().name == first.id
    with pytest.raises((SnapshotDamaged, SnapshotNotFound), match=second.id):
        SnapshotStore(here).verify(second.id)
    SnapshotStore(here).verify(first.id)
    assert not list(there.snapshots_folder.glob(".draft*"))


def test_a_manifest_cannot_write_outside_of_its_snapshot(machine: Machine, object_store: ObjectStore) -> None:
    here = machine("here")
    published = write(here, "one", live=False)
    shared = SnapshotStore(here)
    entry = published.manifest.files["features.duckdb"]
    outside = {"../../escaped": entry}
    from msgspec.structs import replace

    from warehouse.manifest import content_hash, write_manifest

    name = f"{published.id.partition('-')[0]}-{content_hash(outside)[:12]}"
    folder = here.home / "made"
    folder.mkdir()
    write_manifest(folder, replace(published.manifest, id=name, files=outside))
    client = object_store.client(str(here.snapshots.store))
    obstore.put(client, f"{name}/manifest.json", folder / "manifest.json")
    with pytest.raises(SnapshotDamaged, match="outside"):
        shared.fetch(name, here.snapshots_folder)


def test_a_store_that_is_away_is_told_without_its_secret(machine: Machine) -> None:
    settings = machine("here")
    away = settings.object_store.model_copy(update={"endpoint": "http://127.0.0.1:1"})
    settings = settings.model_copy(update={"object_store": away})
    for attempt in (current, list_snapshots, lambda one: write(one, "one")):
        with pytest.raises(StoreUnreachable, match=r"s3://.*snapshots\.store") as told:
            attempt(settings)
        assert "s3-secret" not in str(told.value)
    assert "s3-secret" not in repr(settings)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"snapshots": {"store": "/a/folder"}}, "snapshots.store = '/a/folder'"),
        ({"object_store": {"endpoint": "http://nowhere"}}, "has no TLS"),
        ({"object_store": {"secret": 5}}, "object_store.secret: Input should be a valid string"),
        ({"warehouse": {"catalog": "postgresql://me:secret@nowhere/db"}}, "warehouse.data_path"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    values: dict[str, object], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as error:
        load_settings(**values)
    assert told in str(error.value)
    assert "secret@" not in str(error.value)
