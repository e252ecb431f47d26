"""Writes a snapshot's `features.duckdb`: the analysts' tables, the serving state, and the nightly recommendations."""

from datetime import datetime, time, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from core.columns import ARM, ARMS, POST_ID, PROPENSITY, RANK, SCORE, SOURCE, USER_ID
from core.settings import Settings
from features.state_arrays import save_state
from features.state_tables import write_state
from ranking.candidates import SOURCE_NAMES
from ranking.evaluation import Evaluation
from ranking.recommender import STATE_FILE, Recommender
from warehouse.connection import read_sql

# users ranked at once: bounds the matrix of scores to about 64 MB at 8,000 posts
USERS_AT_ONCE = 2_000


def write_tables(
    con: duckdb.DuckDBPyConnection, folder: Path, recommender: Recommender, evaluation: Evaluation, settings: Settings
) -> None:
    """Create `features.duckdb` and the arrays of the state in `folder`, complete and closed.

    Args:
        con: the warehouse.
        folder: the snapshot under construction.
        recommender: over the state to publish.
        evaluation: as `ranking.evaluate` gives it.
        settings: of the whole project.
    """
    save_state(recommender.state, folder)
    recommender = recommender.keep(folder)
    path = folder / STATE_FILE
    con.execute("ATTACH '{}' AS snapshot".format(str(path).replace("'", "''")))
    try:
        con.execute(read_sql("ranking", "snapshot_tables"))
    finally:
        con.execute("DETACH snapshot")
    with duckdb.connect(str(path)) as snapshot:
        write_state(snapshot, recommender.state)
        evaluation.write(snapshot)
        _write_recommendations(snapshot, recommender, settings.ranking.recommendations_per_user)
        snapshot.execute(read_sql("ranking", "snapshot_macros"))


def _write_recommendations(snapshot: duckdb.DuckDBPyConnection, recommender: Recommender, limit: int) -> None:
    """Rank for every user and arm, as a request at noon of the first day after the cut would be."""
    snapshot.execute(
        f"""
        CREATE TABLE recommendations (
            {USER_ID} BIGINT, {ARM} VARCHAR, {RANK} INTEGER, {POST_ID} BIGINT, {SCORE} FLOAT, {SOURCE} VARCHAR,
            {PROPENSITY} DOUBLE
        )
        """
    )
    noon = datetime.combine(recommender.state.cut, time()) + timedelta(hours=12)
    names = pl.Series(SOURCE_NAMES, dtype=pl.String)
    users = recommender.state.user_ids
    for arm in ARMS:
        for start in range(0, len(users), USERS_AT_ONCE):
            rows = np.arange(start, min(start + USERS_AT_ONCE, len(users)))
            posts, scores, sources, propensities = recommender.show(arm, rows, users[rows], noon, limit)
            shown = posts >= 0
            chunk = pl.DataFrame(
                {
                    USER_ID: users[rows].repeat(posts.shape[1])[shown.ravel()],
                    ARM: pl.repeat(arm, int(shown.sum()), eager=True),
                    RANK: np.tile(np.arange(1, posts.shape[1] + 1), len(rows))[shown.ravel()],
                    POST_ID: recommender.state.post_ids[posts[shown]],
                    SCORE: scores[shown],
                    SOURCE: names.gather(sources[shown]),
                    PROPENSITY: propensities[shown],
                }
            )
            snapshot.register("chunk", chunk)
            snapshot.execute("INSERT INTO recommendations FROM chunk")
            snapshot.unregister("chunk")
