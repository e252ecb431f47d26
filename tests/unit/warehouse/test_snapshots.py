from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SnapshotDamaged, SnapshotError, SnapshotNotFound
from core.settings import Settings
from warehouse.manifest import FileEntry, content_hash
from warehouse.snapshots import (
    SCHEMA_VERSION,
    ManifestBody,
    Snapshot,
    current,
    draft,
    history,
    list_snapshots,
    open_snapshot,
    publish,
    retain,
    rollback,
    verify,
)

Publish = Callable[[str], Snapshot]


def hidden_names(settings: Settings) -> list[Path]:
    return list(settings.snapshots_folder.glob(".*"))


def test_a_published_snapshot_is_current_complete_and_tells_its_own_story(
    settings: Settings, publish_text: Publish
) -> None:
    published = publish_text("one")
    live = current(settings)
    verify(live)
    assert live == published
    assert live.folder.parent == settings.snapshots_folder
    assert (live.folder / "features.duckdb").read_text() == "one"
    assert live.manifest.files["features.duckdb"].bytes == 3
    assert live.manifest.files.keys() == {"features.duckdb", "encoders/weights"}
    assert live.manifest.metrics == {"control": {"auc": 0.7, "hitrate": None}}
    assert "secret" not in (live.folder / "manifest.json").read_text()
    assert not (settings.snapshots_folder / "current").readlink().is_absolute()
    assert hidden_names(settings) == []


def test_names_sort_by_time_even_within_one_second_and_for_equal_content(
    settings: Settings, publish_text: Publish
) -> None:
    published = [publish_text(text).id for text in ("same", "same", "b", "a")]
    assert [snapshot.id for snapshot in list_snapshots(settings)] == published[::-1]
    assert published[0].rpartition("-")[2] == published[1].rpartition("-")[2]


def test_a_failed_draft_leaves_nothing_and_the_standing_one_lives_on(settings: Settings, publish_text: Publish) -> None:
    standing = publish_text("standing")

    def fail() -> None:
        with draft(settings) as folder:
            (folder / "features.duckdb").write_text("half")
            raise RuntimeError("the disk is on fire")

    with pytest.raises(RuntimeError):
        fail()
    assert hidden_names(settings) == []
    assert current(settings) == standing


def test_an_empty_draft_is_refused(settings: Settings, body: ManifestBody) -> None:
    with draft(settings) as folder, pytest.raises(SnapshotError, match="holds no file"):
        publish(settings, folder, body)


def test_nothing_published_yet(settings: Settings) -> None:
    assert list_snapshots(settings) == []
    assert history(settings) == []
    with pytest.raises(SnapshotNotFound, match="nothing has been published"):
        current(settings)


@pytest.mark.parametrize("name", ["features.duckdb", "encoders/weights"])
def test_a_flipped_byte_is_found_and_its_file_named(publish_text: Publish, name: str) -> None:
    snapshot = publish_text("some bytes")
    file = snapshot.folder / name
    content = bytearray(file.read_bytes())
    content[1] ^= 1
    file.write_bytes(content)
    with pytest.raises(SnapshotDamaged, match=name):
        verify(snapshot)


def test_missing_added_and_shortened_files_are_found(settings: Settings, publish_text: Publish) -> None:
    snapshot = publish_text("some bytes")
    (snapshot.folder / "features.duckdb.wal").write_text("written to")
    with pytest.raises(SnapshotDamaged, match=r"features\.duckdb\.wal is not in the manifest"):
        verify(snapshot)
    (snapshot.folder / "features.duckdb").write_text("some")
    with pytest.raises(SnapshotDamaged, match="has 4 bytes, the manifest says 10"):
        open_snapshot(settings, snapshot.id)
    (snapshot.folder / "features.duckdb").unlink()
    with pytest.raises(SnapshotDamaged, match="has no bytes"):
        current(settings)
    with pytest.raises(SnapshotDamaged, match="missing"):
        verify(snapshot)


def test_a_manifest_made_to_fit_a_changed_file_is_found(settings: Settings, publish_text: Publish) -> None:
    snapshot, other = publish_text("one"), publish_text("two")
    for file in other.folder.rglob("*"):
        if file.is_file():
            (snapshot.folder / file.relative_to(other.folder)).write_bytes(file.read_bytes())
    with pytest.raises(SnapshotDamaged, match="of another snapshot"):
        verify(open_snapshot(settings, snapshot.id))


def test_another_schema_version_is_told_from_damage(settings: Settings, publish_text: Publish) -> None:
    snapshot = publish_text("one")
    file = snapshot.folder / "manifest.json"
    file.write_bytes(msgspec.json.encode({"schema_version": 99, "new": "shape"}))
    with pytest.raises(SnapshotDamaged, match=f"schema version 99, this feedrank reads version {SCHEMA_VERSION}"):
        current(settings)
    file.write_text("{")
    with pytest.raises(SnapshotDamaged, match=r"manifest\.json cannot be read"):
        current(settings)
    assert list_snapshots(settings) == []


@pytest.mark.parametrize("name", ["20250101T000000Z-0123456789ab", "..", "../warehouse.duckdb", "current", ""])
def test_a_name_that_is_none_of_the_snapshots(settings: Settings, publish_text: Publish, name: str) -> None:
    published = publish_text("one")
    with pytest.raises(SnapshotNotFound, match=published.id):
        open_snapshot(settings, name)


def test_rolling_back_and_forward_is_written_down(settings: Settings, publish_text: Publish) -> None:
    first, second, third = (publish_text(text) for text in ("1", "2", "3"))
    assert rollback(settings, by="me") == second
    assert rollback(settings) == current(settings) == first
    with pytest.raises(SnapshotNotFound, match="no snapshot is older"):
        rollback(settings)
    assert rollback(settings, third.id) == current(settings) == third
    switches = history(settings)
    assert [(switch.action, switch.snapshot) for switch in switches] == [
        *(("publish", snapshot.id) for snapshot in (first, second, third)),
        *(("rollback", snapshot.id) for snapshot in (second, first, third)),
    ]
    assert [switch.by for switch in switches][2:4] == ["the test", "me"]
    assert switches == sorted(switches, key=lambda switch: switch.time)


def test_no_rollback_to_a_damaged_snapshot(settings: Settings, publish_text: Publish) -> None:
    old, live = publish_text("old"), publish_text("live")
    (old.folder / "features.duckdb").write_text("odl")
    with pytest.raises(SnapshotDamaged, match="has changed"):
        rollback(settings)
    assert current(settings) == live


def test_a_history_line_cut_short_hides_no_other(settings: Settings, publish_text: Publish) -> None:
    first = publish_text("1")
    with (settings.snapshots_folder / "history.jsonl").open("a") as file:
        file.write('{"time":"20')
    second = publish_text("2")
    assert [switch.snapshot for switch in history(settings)] == [first.id, second.id]


def test_retention_keeps_the_newest_and_says_first_what_it_would_remove(
    settings: Settings, publish_text: Publish
) -> None:
    ids = [publish_text(text).id for text in "12345"]
    assert retain(settings, 2, dry_run=True) == [ids[2], ids[1], ids[0]]
    assert len(list_snapshots(settings)) == 5
    assert retain(settings, 2, dry_run=False) == [ids[2], ids[1], ids[0]]
    assert [snapshot.id for snapshot in list_snapshots(settings)] == [ids[4], ids[3]]
    assert hidden_names(settings) == []
    assert retain(settings, 2, dry_run=False) == []


@pytest.mark.parametrize(("keep", "left"), [(1, "2"), (2, "12"), (3, "125"), (9, "12345")])
def test_retention_never_takes_what_is_live_or_would_be_next(
    settings: Settings, publish_text: Publish, keep: int, left: str
) -> None:
    ids = {text: publish_text(text).id for text in "12345"}
    rollback(settings, ids["2"])
    retain(settings, keep, dry_run=False)
    assert {snapshot.id for snapshot in list_snapshots(settings)} == {ids[text] for text in left}
    verify(current(settings))


def test_retention_of_none_is_refused(settings: Settings, publish_text: Publish) -> None:
    publish_text("1")
    with pytest.raises(SnapshotError, match="keep = 0"):
        retain(settings, 0, dry_run=False)


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1), min_size=1))
def test_the_content_hash_knows_names_and_bytes_but_no_order(files: dict[str, str]) -> None:
    entries = {name: FileEntry(sha256, 1) for name, sha256 in files.items()}
    assert content_hash(entries) == content_hash(dict(reversed(entries.items())))
    name = next(iter(entries))
    assert content_hash(entries) != content_hash({**entries, name: FileEntry(files[name] + "0", 1)})
    assert content_hash(entries) != content_hash({**entries, name + "0": entries[name]})
