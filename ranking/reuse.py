"""Which users' rows of the standing snapshot may be carried over, because all that they are made of is the same.

A user's candidates and list follow from the rankers, the settings of ranking, the moment, all posts as they are known,
and the user as it is known. The standing snapshot holds every one of these, so they are compared as they are, to the
last bit, and not by a hash of them. If the posts differ in anything, nobody's rows can be carried over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from core.columns import ARM, ARMS, RANK, USER_ID
from core.settings import RankingSettings, Settings
from features.ids import rows_of_ids
from features.likes import entries_of
from features.serving_state import ServingState
from features.state_arrays import open_state
from ranking.kept import open_kept
from ranking.recommender import STATE_FILE, found_with, ranker_file
from ranking.shelf import Rows
from warehouse.connection import literal
from warehouse.snapshots import Snapshot, public_settings

OF_LISTS = set(RankingSettings.model_fields) - {
    *("test_days", "train_days", "max_training_rows", "max_evaluation_users", "iterations", "stop_days"),
    *("depth", "learning_rate", "leaf_views"),  # of training: the rankers are compared themselves
}


@dataclass(frozen=True)
class Carried:
    """The standing snapshot, and whose rows of it stay."""

    folder: Path
    rows: Rows  # (n,) ascending: of users in the new state; the unseen user's is the number of users
    rows_then: Rows  # (n,) of the same users in the standing state

    def candidates(self, arm: str, ranking: RankingSettings) -> tuple[Rows, Rows, NDArray[np.uint32]]:
        """Their candidates as `save_kept` takes them."""
        kept = open_kept(self.folder, found_with(ranking))[arm]
        counts = kept.offsets[self.rows_then + 1] - kept.offsets[self.rows_then]
        return self.rows, counts, kept.packed[entries_of(kept.offsets[self.rows_then], counts)]

    def copy_lists(self, snapshot: duckdb.DuckDBPyConnection, user_ids: NDArray[np.int64]) -> None:
        """Add their lists to those that are in the table, and order it anew."""
        ids = user_ids[self.rows[self.rows < len(user_ids)]]
        snapshot.execute(f"ATTACH {literal(str(self.folder / STATE_FILE))} AS standing (READ_ONLY)")
        snapshot.execute(
            f"""
            CREATE OR REPLACE TABLE recommendations AS
            FROM recommendations UNION ALL
            FROM standing.recommendations SEMI JOIN (SELECT unnest($ids) AS {USER_ID}) USING ({USER_ID})
            ORDER BY {ARM}, {USER_ID}, {RANK}
            """,
            {"ids": ids},
        )
        snapshot.execute("DETACH standing")


def carried_over(state: ServingState, folder: Path, standing: Snapshot, settings: Settings) -> Carried | None:
    """Find the users whose rows of `standing` a new snapshot with that state and the rankers in `folder` may keep."""
    if not _same_recipe(folder, standing, settings):
        return None
    then = open_state(standing.folder)
    if not all(_same(*pair) for pair in zip(_posts(state), _posts(then), strict=True)):
        return None
    rows = np.arange(len(state.user_ids) + 1)
    rows_then = np.append(rows_of_ids(then.user_ids, state.user_ids), len(then.user_ids))
    rows, rows_then = rows[rows_then >= 0], rows_then[rows_then >= 0]
    same = np.ones(len(rows), np.bool_)
    for now, before in zip(_users(state), _users(then), strict=True):
        if now.shape[1:] != before.shape[1:]:
            return None
        # bytes, so that an undefined value equals itself
        width = -1, now[:1].nbytes
        different = now[rows].view(np.uint8).reshape(width) != before[rows_then].view(np.uint8).reshape(width)
        same &= ~different.any(axis=1)
    same &= _same_likes(state, rows, then, rows_then)
    return Carried(standing.folder, rows[same], rows_then[same]) if same.any() else None


def _same_recipe(folder: Path, standing: Snapshot, settings: Settings) -> bool:
    ranking, then = public_settings(settings)["ranking"], standing.manifest.settings["ranking"]
    return (
        standing.manifest.code_version == version("feedrank")
        and all(ranking[name] == then.get(name) for name in OF_LISTS)
        and all(
            (folder / ranker_file(arm)).read_bytes() == (standing.folder / ranker_file(arm)).read_bytes()
            for arm in ARMS
        )
    )


def _posts(state: ServingState) -> Iterator[object]:
    """All that is the same for every user."""
    yield from (state.cut, state.layout.names, state.topics, state.post_ids, state.posts.values, state.posts.topic_rows)
    yield from (state.eligible, state.neighbours.indptr, state.neighbours.indices, state.neighbours.data)
    for arm in ARMS:
        learned = state.post_factors[arm]
        yield from (state.spaces[arm].vectors, learned.quality, learned.factors, np.float32(learned.profile_weight))


def _users(state: ServingState) -> Iterator[NDArray[np.float32]]:
    """What is known of users but their likes, (U + 1, ...) each."""
    yield from (state.users.values, state.users.topics, state.users.prior)
    for arm in ARMS:
        yield from (state.users.liked[arm], state.user_factors[arm])


def _same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        floats = one.dtype.kind == "f"
        return np.array_equal(one, other, equal_nan=floats)
    return bool(one == other)


def _same_likes(now: ServingState, rows: Rows, then: ServingState, rows_then: Rows) -> NDArray[np.bool_]:
    """(n,) whether users liked the same posts, whose rows mean the same in both states."""
    counts, counts_then = (
        state.liked_offsets[of + 1] - state.liked_offsets[of] for state, of in ((now, rows), (then, rows_then))
    )
    same: NDArray[np.bool_] = counts == counts_then
    compared = np.flatnonzero(same)
    likes, likes_then = (
        state.liked_posts[entries_of(state.liked_offsets[of[compared]], counts[compared])]
        for state, of in ((now, rows), (then, rows_then))
    )
    owners = np.repeat(compared, counts[compared])
    same[owners[likes != likes_then]] = False
    return same
