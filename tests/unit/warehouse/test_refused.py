"""A snapshot that the gate refused: complete, told apart, and served only when somebody says so."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from core.errors import SnapshotDamaged, SnapshotError, SnapshotNotFound
from core.settings import Settings
from warehouse.snapshots import (
    GateOutcome,
    ManifestBody,
    Snapshot,
    current,
    draft,
    history,
    list_snapshots,
    promote,
    refused_ids,
    retain,
    rollback,
    standing,
    store,
    verify,
)

Make = Callable[[str], Snapshot]


@pytest.fixture
def refuse_text(settings: Settings, body: ManifestBody) -> Make:
    """Store a snapshot of one file that the gate refused."""

    def refuse_one(text: str) -> Snapshot:
        with draft(settings) as folder:
            (folder / "features.duckdb").write_text(text)
            return store(settings, folder, replace(body, gate=GateOutcome(promoted=False, reasons=["too bad"])))

    return refuse_one


def test_a_refused_snapshot_is_complete_and_the_standing_one_goes_on(
    settings: Settings, publish_text: Make, refuse_text: Make
) -> None:
    good = publish_text("good")
    bad = refuse_text("bad")
    verify(bad)
    assert current(settings) == good
    assert list_snapshots(settings) == [bad, good]
    assert refused_ids(settings) == {bad.id}
    assert [switch.snapshot for switch in history(settings)] == [good.id]


def test_promoting_by_hand_is_on_record_and_ends_the_refusal(
    settings: Settings, publish_text: Make, refuse_text: Make
) -> None:
    good, bad = publish_text("good"), refuse_text("bad")
    assert promote(settings, bad.id, by="Anna") == current(settings) == bad
    last = history(settings)[-1]
    assert (last.snapshot, last.action, last.by) == (bad.id, "promote", "Anna")
    assert refused_ids(settings) == set()
    assert rollback(settings) == good
    assert rollback(settings, bad.id) == bad  # it has been live by now


def test_rolling_back_passes_over_what_was_never_live(
    settings: Settings, publish_text: Make, refuse_text: Make
) -> None:
    first = publish_text("1")
    bad = refuse_text("bad")
    publish_text("2")
    with pytest.raises(SnapshotError, match=f"promote {bad.id}"):
        rollback(settings, bad.id)
    assert rollback(settings) == first
    with pytest.raises(SnapshotNotFound, match="no snapshot is older"):
        rollback(settings)


def test_a_damaged_snapshot_is_not_promoted(settings: Settings, publish_text: Make, refuse_text: Make) -> None:
    good, bad = publish_text("good"), refuse_text("bad")
    (bad.folder / "features.duckdb").write_text("dab")
    with pytest.raises(SnapshotDamaged, match="has changed"):
        promote(settings, bad.id, by="Anna")
    assert current(settings) == good


def test_a_week_of_refusals_pushes_nothing_out(settings: Settings, publish_text: Make, refuse_text: Make) -> None:
    lived = [publish_text(text).id for text in "123"]
    refused = [refuse_text(text).id for text in "abcdefg"]
    assert retain(settings, 2, dry_run=False) == [*refused[-2::-1], lived[0]]
    assert [snapshot.id for snapshot in list_snapshots(settings)] == [refused[-1], lived[2], lived[1]]


def test_what_stands_is_verified_or_counts_for_nothing(settings: Settings, publish_text: Make) -> None:
    assert standing(settings) is None
    live = publish_text("live")
    assert standing(settings) == live
    (live.folder / "features.duckdb").write_text("evil")
    assert standing(settings) is None
