"""Users' recommendations are carried over where all that they are made of is the same, and equal those made anew."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from core.columns import ARMS
from ranking import snapshot_tables
from ranking.kept import kept_file
from ranking.recommender import STATE_FILE
from tests.integration.small_network import WATERMARK, Network
from warehouse.snapshots import Snapshot


def made_by(snapshot: Snapshot) -> tuple[list[tuple[object, ...]], dict[str, bytes]]:
    with duckdb.connect(str(snapshot.folder / STATE_FILE), read_only=True) as con:
        lists = con.sql("FROM recommendations").fetchall()
    return lists, {arm: Path(snapshot.folder / kept_file(arm)).read_bytes() for arm in ARMS}


def refresh_anew(network: Network, monkeypatch: pytest.MonkeyPatch) -> Snapshot:
    with monkeypatch.context() as patch:
        patch.setattr(snapshot_tables, "carried_over", lambda *_: None)
        return network.refresh()


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many users, the unseen one included, were left to be made by each refresh that carried some over."""
    seen: list[int] = []
    save = snapshot_tables.save_wanted

    def saved(rows: np.ndarray, path: Path) -> None:
        seen.append(len(rows))
        save(rows, path)

    monkeypatch.setattr(snapshot_tables, "save_wanted", saved)
    return seen


def test_edited_and_new_users_are_made_anew_and_the_others_carried_over(
    network: Network, asked_for: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    network.refresh()
    assert asked_for == [0], "the training left what a refresh of the same data would make"
    network.execute("""UPDATE "user" SET age = 59 WHERE id = 3; INSERT INTO "user" VALUES (100, 30, 'Cyprus')""")
    carried = network.refresh()
    assert asked_for == [0, 2]
    lists, candidates = made_by(carried)
    lists_anew, candidates_anew = made_by(refresh_anew(network, monkeypatch))
    assert [one for one in lists if one not in set(lists_anew)] == []
    assert lists == lists_anew
    assert candidates == candidates_anew


def test_one_view_changes_a_post_and_with_it_everybodys_rows(network: Network, asked_for: list[int]) -> None:
    network.execute(f"INSERT INTO feed_action VALUES (1, 20, 'view', '{WATERMARK}')")
    network.refresh()
    assert asked_for == []
