"""Writes a snapshot's `features.duckdb`: the analysts' tables, the serving state, and the nightly recommendations."""

import shutil
from pathlib import Path

import duckdb

from core.settings import Settings
from core.spread import InThreads, Spread
from features.serving_state import ServingState
from features.state_arrays import save_state
from features.state_tables import write_state
from ranking.batch import forget_recommender, make_partition, partitions
from ranking.batch_files import create_lists, keep_candidates, write_lists
from ranking.evaluation import Evaluation
from ranking.recommender import STATE_FILE, found_with
from warehouse.connection import read_sql

PARTS = "parts"  # folder within a draft; nothing of it is published


def write_tables(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    state: ServingState,
    evaluation: Evaluation,
    settings: Settings,
    spread: Spread | None = None,
) -> None:
    """Create `features.duckdb` and the arrays of the state in `folder`, complete and closed.

    Args:
        con: the warehouse.
        folder: the snapshot under construction; its rankers, and the index if there is one, are there already.
        state: to publish.
        evaluation: as `ranking.evaluate` gives it.
        settings: of the whole project.
        spread: makes the partitions of the users; by default threads of this process.
    """
    save_state(state, folder)
    path = folder / STATE_FILE
    con.execute("ATTACH '{}' AS snapshot".format(str(path).replace("'", "''")))
    try:
        con.execute(read_sql("ranking", "snapshot_tables"))
    finally:
        con.execute("DETACH snapshot")
    with duckdb.connect(str(path)) as snapshot:
        write_state(snapshot, state)
        evaluation.write(snapshot)
        _write_recommendations(snapshot, folder, state, settings, spread or InThreads(settings.threads))
        snapshot.execute(read_sql("ranking", "snapshot_macros"))


def _write_recommendations(
    snapshot: duckdb.DuckDBPyConnection, folder: Path, state: ServingState, settings: Settings, spread: Spread
) -> None:
    """Find and rank for every user and arm, as a request at noon of the first day after the cut would be."""
    parts_folder = folder / PARTS
    parts_folder.mkdir()
    users, ranking = len(state.user_ids), settings.ranking
    files = list(spread(make_partition, partitions(folder, parts_folder, users, ranking)))
    forget_recommender()
    create_lists(snapshot)
    write_lists(snapshot, files, state.user_ids, state.post_ids)
    if ranking.candidates_per_source:
        keep_candidates(files, users, len(state.post_ids), folder, found_with(ranking))
    shutil.rmtree(parts_folder)
