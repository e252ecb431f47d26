"""The partitions that `ranking.batch` made, put together in order of the users: kept candidates and a table of lists.

Nothing is held but a partition, or a slice of the users, at a time.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import ARM, ARMS, POST_ID, PROPENSITY, RANK, SCORE, SOURCE, USER_ID
from core.settings import RankingSettings
from features.array_files import Arrays, mapped
from ranking.candidates import SOURCE_NAMES
from ranking.kept import save_kept
from ranking.recommender import found_with
from ranking.reuse import Carried
from ranking.top_k import NOTHING

USERS_A_SLICE = 1 << 16


def create_lists(snapshot: duckdb.DuckDBPyConnection) -> None:
    """Create the table of nightly lists, empty."""
    snapshot.execute(
        f"""
        CREATE TABLE recommendations (
            {USER_ID} BIGINT, {ARM} VARCHAR, {RANK} INTEGER, {POST_ID} BIGINT, {SCORE} FLOAT, {SOURCE} VARCHAR,
            {PROPENSITY} DOUBLE
        )
        """
    )


def write_lists(
    snapshot: duckdb.DuckDBPyConnection, files: Sequence[Path], user_ids: NDArray[np.int64], post_ids: NDArray[np.int64]
) -> None:
    """Append the lists of partitions to the table, by arm and user; places without a post are left out."""
    parts = [mapped(file)[0] for file in files]
    for arm in ARMS:
        for start in range(0, len(user_ids), USERS_A_SLICE):
            some = _slice(parts, arm, start, min(start + USERS_A_SLICE, len(user_ids)))
            shown = some["posts"] != NOTHING
            users, places = np.nonzero(shown)
            frame = pl.DataFrame(
                {
                    USER_ID: user_ids[some["rows"][users]],
                    RANK: (places + 1).astype(np.int32),
                    POST_ID: post_ids[some["posts"][shown]],
                    SCORE: some["scores"][shown],
                    SOURCE: pl.Series(SOURCE_NAMES, dtype=pl.String).gather(some["sources"][shown]),
                    PROPENSITY: some["propensities"][shown],
                }
            )
            snapshot.register("lists", frame)
            columns = f"{USER_ID}, ?, {RANK}, {POST_ID}, {SCORE}, {SOURCE}, {PROPENSITY}"
            snapshot.execute(f"INSERT INTO recommendations SELECT {columns} FROM lists", [arm])
            snapshot.unregister("lists")


def keep_candidates(
    files: Sequence[Path], users: int, width: int, folder: Path, ranking: RankingSettings, carried: Carried | None
) -> None:
    """Write the candidates of partitions, and those carried over, into a snapshot under construction."""
    parts = [mapped(file)[0] for file in files]
    for arm in ARMS:
        found = [(part["rows"], part[f"{arm}_counts"], part[f"{arm}_candidates"]) for part in parts]
        if carried:
            found.append(carried.candidates(arm, ranking))
        save_kept(found, users, width, folder, arm, found_with(ranking))


def _slice(parts: Sequence[Arrays], arm: str, start: int, stop: int) -> Arrays:
    """Rows and lists of the users [start, stop) that are there, in order."""
    found: list[Arrays] = []
    for part in parts:
        some = slice(*np.searchsorted(part["rows"], [start, stop]))
        names = ("posts", "scores", "sources", "propensities")
        found.append({"rows": part["rows"][some]} | {name: part[f"{arm}_{name}"][some] for name in names})
    together = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    order = np.argsort(together["rows"])
    return {name: values[order] for name, values in together.items()}
