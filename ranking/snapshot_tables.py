"""Writes a snapshot's `features.duckdb`: the analysts' tables, the serving state, and the nightly recommendations."""

import shutil
from pathlib import Path

import duckdb
import numpy as np

from core.logging import get_logger
from core.settings import Settings
from core.spread import InThreads, Spread
from features.serving_state import ServingState
from features.state_arrays import save_state
from features.state_tables import write_state
from ranking.batch import forget_recommender, make_partition, partitions, save_wanted
from ranking.batch_files import create_lists, keep_candidates, write_lists
from ranking.evaluation import Evaluation
from ranking.recommender import STATE_FILE
from ranking.reuse import Carried, carried_over
from warehouse.connection import connect_draft, read_sql
from warehouse.snapshots import Snapshot

log = get_logger(__name__)

PARTS = "parts"  # folder within a draft; nothing of it is published


def write_tables(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    state: ServingState,
    evaluation: Evaluation,
    settings: Settings,
    spread: Spread | None = None,
    standing: Snapshot | None = None,
) -> None:
    """Create `features.duckdb` and the arrays of the state in `folder`, complete and closed.

    Args:
        con: the warehouse.
        folder: the snapshot under construction; its rankers, and the index if there is one, are there already.
        state: to publish.
        evaluation: as `ranking.evaluate` gives it.
        settings: of the whole project.
        spread: makes the partitions of the users; by default threads of this process.
        standing: a snapshot whose recommendations are carried over where they would come out the same.
    """
    save_state(state, folder)
    path = folder / STATE_FILE
    con.execute("ATTACH '{}' AS snapshot".format(str(path).replace("'", "''")))
    try:
        con.execute(read_sql("ranking", "snapshot_tables"))
    finally:
        con.execute("DETACH snapshot")
    with connect_draft(settings, path) as snapshot:
        write_state(snapshot, state)
        evaluation.write(snapshot)
        carried = carried_over(state, folder, standing, settings) if standing else None
        write_recommendations(snapshot, folder, state, settings, spread, carried)
        snapshot.execute(read_sql("ranking", "snapshot_macros"))


def write_recommendations(
    snapshot: duckdb.DuckDBPyConnection,
    folder: Path,
    state: ServingState,
    settings: Settings,
    spread: Spread | None = None,
    carried: Carried | None = None,
) -> None:
    """Find and rank for every user and arm, as a request at noon of the first day after the cut would be.

    The lists become a table of `snapshot`, the candidates files in `folder`, which holds state, rankers and index.
    """
    spread = spread or InThreads(settings.threads)
    parts_folder = folder / PARTS
    parts_folder.mkdir()
    users, ranking, wanted = len(state.user_ids), settings.ranking, None
    if carried:
        log.info("recommendations of %d of %d users are carried over", np.count_nonzero(carried.rows < users), users)
        wanted = parts_folder / "wanted.safetensors"
        save_wanted(np.setdiff1d(np.arange(users + 1), carried.rows), wanted)
    files = list(spread(make_partition, partitions(folder, parts_folder, users, ranking, wanted)))
    forget_recommender()
    create_lists(snapshot)
    write_lists(snapshot, files, state.user_ids, state.post_ids)
    if carried:
        carried.copy_lists(snapshot, state.user_ids)
    if ranking.candidates_per_source:
        keep_candidates(files, users, len(state.post_ids), folder, ranking, carried)
    shutil.rmtree(parts_folder)
