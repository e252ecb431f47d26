"""The two ways to a new snapshot: retrain (judge, fit, write) and refresh (write with the standing rankers).

Plain functions over the warehouse and a folder under construction; the flows call them one by one, tests call them
without Prefect.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import ARM
from core.errors import SourceEmpty, TrainingError
from core.logging import get_logger
from core.settings import Settings
from features.posts import Posts
from features.serving_state import build_state
from features.text_transformer import embed_texts
from features.training_set import labelled_views
from ranking.evaluate import evaluate, undefined_evaluation
from ranking.rankers import Rankers, fit_rankers
from ranking.recommender import STATE_FILE, Recommender
from ranking.snapshot_tables import write_tables
from ranking.split import global_cut
from warehouse.snapshots import ManifestBody, Snapshot, public_settings, verify

log = get_logger(__name__)


@dataclass(frozen=True)
class Inputs:
    """What every step starts from: the posts with their embeddings, and how far the warehouse knows."""

    posts: Posts
    embeddings: NDArray[np.float32]  # (P, width)
    watermark: datetime  # time of the newest event
    cut: date  # the day after the newest known event: a state with this cut knows all of them


def load_inputs(
    con: duckdb.DuckDBPyConnection, settings: Settings, on_progress: Callable[[int, int], None] | None = None
) -> Inputs:
    """Read the posts and embed the texts that no earlier run embedded.

    Raises:
        SourceEmpty: there are no posts or no events.
    """
    posts = Posts.load(con)
    newest = con.sql("SELECT max(event_time), max(known_at) FROM raw.known_events").fetchone()
    if newest is None or newest[0] is None:
        raise SourceEmpty("raw.events holds 0 events; rankers need views and likes: check the source's table of events")
    watermark, known_at = newest
    embeddings = embed_texts(con, posts.texts, posts.hashes, settings.features, on_progress)
    return Inputs(posts, embeddings, watermark, known_at.date() + timedelta(days=1))


def judge(con: duckdb.DuckDBPyConnection, inputs: Inputs, settings: Settings) -> pl.DataFrame:
    """Evaluate rankers trained before one global cut on the views after it, beside the baselines.

    Where the data are too short to be split, every metric is NaN with the reason; the rankers can still be trained.
    """
    cut = global_cut(inputs.watermark, settings.ranking.test_days)
    start = datetime.combine(cut, time())
    known = inputs.posts.seen_before(np.datetime64(cut))
    if not known.any():
        return undefined_evaluation(f"no post was shown before the cut at {cut}; fewer test_days would move it later")
    try:
        rankers = fit_rankers(con, inputs.posts, inputs.embeddings, known, start, settings)
    except TrainingError as error:
        return undefined_evaluation(f"nothing to train on before the cut at {cut}: {error}")
    spaces = rankers.spaces(inputs.posts, inputs.embeddings)
    half_life = settings.ranking.popularity_half_life
    state = build_state(
        con, inputs.posts, spaces, rankers.codebook, rankers.layout, cut, known, rankers.neighbours, half_life
    )
    test = labelled_views(con, start, inputs.watermark, settings.features.attribution_window)
    if test.is_empty():
        return undefined_evaluation(
            f"no view from the cut at {cut} to {inputs.watermark} is older than features.attribution_window = "
            f"{settings.features.attribution_window}; a larger ranking.test_days would leave some"
        )
    post_day = con.sql("SELECT post_id, day, likes FROM features.post_day").pl()
    recommender = Recommender(state, rankers.models, settings.threads, settings.ranking)
    return evaluate(recommender, test, post_day, cut, settings.ranking)


def retrain(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, evaluation: pl.DataFrame, folder: Path, settings: Settings
) -> ManifestBody:
    """Fit both rankers on all that is known, write a complete snapshot into `folder`, and describe it.

    Raises:
        TrainingError: there are no views, no likes, or nothing but likes.
    """
    everything = np.ones(len(inputs.posts.ids), dtype=np.bool_)
    until = inputs.watermark + timedelta(microseconds=1)  # the newest event itself counts
    rankers = fit_rankers(con, inputs.posts, inputs.embeddings, everything, until, settings)
    _write(con, inputs, rankers, evaluation, folder, settings)
    return _describe(inputs, evaluation, folder, settings, trained_at=datetime.now(UTC), models_from=None)


def refresh(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, standing: Snapshot, folder: Path, settings: Settings
) -> ManifestBody:
    """Write a snapshot with today's features and the rankers and evaluation of the `standing` one, and describe it.

    Raises:
        SnapshotDamaged: the files of `standing` are not what was published; its rankers must not be published again.
    """
    verify(standing)
    with duckdb.connect(str(standing.folder / STATE_FILE), read_only=True) as snapshot:
        evaluation = snapshot.sql("FROM evaluation").pl()
    _write(con, inputs, Rankers.load(standing.folder), evaluation, folder, settings)
    return _describe(
        inputs,
        evaluation,
        folder,
        settings,
        trained_at=standing.manifest.trained_at,
        models_from=standing.manifest.models_from or standing.id,
    )


def _write(
    con: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    rankers: Rankers,
    evaluation: pl.DataFrame,
    folder: Path,
    settings: Settings,
) -> None:
    spaces = rankers.spaces(inputs.posts, inputs.embeddings)
    eligible = np.ones(len(inputs.posts.ids), dtype=np.bool_)
    half_life = settings.ranking.popularity_half_life
    state = build_state(
        con, inputs.posts, spaces, rankers.codebook, rankers.layout, inputs.cut, eligible, rankers.neighbours, half_life
    )
    rankers.save(folder)
    recommender = Recommender(state, rankers.models, settings.threads, settings.ranking)
    write_tables(con, folder, recommender, evaluation, settings)


def _describe(
    inputs: Inputs,
    evaluation: pl.DataFrame,
    folder: Path,
    settings: Settings,
    *,
    trained_at: datetime,
    models_from: str | None,
) -> ManifestBody:
    with duckdb.connect(str(folder / STATE_FILE), read_only=True) as snapshot:
        tables = [name for (name,) in snapshot.sql("SHOW TABLES").fetchall()]
        rows = {name: snapshot.table(name).count("*").fetchall()[0][0] for name in tables}
    metrics = {
        str(arm): dict(zip(measured["metric"], measured["value"], strict=True))
        for (arm,), measured in evaluation.group_by(ARM, maintain_order=True)
    }
    return ManifestBody(
        watermark=inputs.watermark.replace(tzinfo=UTC),
        cut=datetime.combine(inputs.cut, time(), UTC),
        trained_at=trained_at,
        models_from=models_from,
        rows=rows,
        metrics=metrics,
        settings=public_settings(settings),
        code_version=version("feedrank"),
    )
