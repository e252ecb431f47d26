"""The two ways to a new snapshot: retrain (judge, fit, write) and refresh (write with the standing rankers).

Plain functions over the warehouse and a folder under construction; the flows call them one by one, tests call them
without Prefect.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
from numpy.typing import NDArray

from core.columns import ARM, ARMS, TEST
from core.errors import SourceEmpty, TrainingError
from core.logging import get_logger
from core.settings import Settings
from core.spread import Spread
from features.histories import LearnedInParts, learn_here
from features.kept_histories import KeptHistories
from features.posts import Posts
from features.serving_state import build_state
from features.state_arrays import ARRAYS_FILE
from features.text_parts import InParts
from features.text_transformer import embed_texts
from features.training_set import labelled_views
from ranking.comparison import Comparison
from ranking.evaluate import evaluate, undefined_evaluation
from ranking.evaluation import Evaluation
from ranking.gate import beats_random
from ranking.index import INDEX_FILES, save_index
from ranking.judged_rows import users_to_judge
from ranking.kept import kept_file
from ranking.promotion import carry_tables
from ranking.rankers import Rankers, fit_rankers
from ranking.recommender import STATE_FILE, Recommender
from ranking.segments import with_history
from ranking.snapshot_tables import write_tables
from ranking.split import global_cut
from warehouse.connection import count
from warehouse.manifest import MANIFEST
from warehouse.snapshots import ManifestBody, Snapshot, public_settings, verify

log = get_logger(__name__)

JUDGED = "judged"  # folder of the judged twin within a snapshot


@dataclass(frozen=True)
class Inputs:
    """What every step starts from: the posts with their embeddings, and how far the warehouse knows."""

    posts: Posts
    embeddings: NDArray[np.float32]  # (P, width)
    watermark: datetime  # time of the newest event
    cut: date  # the day after the newest known event: a state with this cut knows all of them


def load_inputs(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    on_progress: Callable[[int, int], None] | None = None,
    spread: Spread | None = None,
) -> Inputs:
    """Read the posts and embed the texts that no earlier run embedded, by `spread` or by threads of this process.

    Raises:
        SourceEmpty: there are no posts or no events.
    """
    posts = Posts.load(con)
    newest = con.sql("SELECT max(event_time), max(known_at) FROM raw.known_events").fetchone()
    if newest is None or newest[0] is None:
        raise SourceEmpty("raw.events holds 0 events; rankers need views and likes: check the source's table of events")
    watermark, known_at = newest
    with _parts(settings) as folder:
        elsewhere = InParts(spread, folder, settings.features) if spread else None
        embeddings = embed_texts(con, posts.texts, posts.hashes, settings.features, on_progress, elsewhere)
    return Inputs(posts, embeddings, watermark, known_at.date() + timedelta(days=1))


@dataclass(frozen=True)
class Judgement:
    """What is known of a recipe before its pair is trained on everything."""

    comparison: Comparison
    twin: Rankers | None = None  # the pair that was judged: trained before the cut, kept for the judgements to come
    cut: date | None = None  # what the twin has learned from ends here
    proven: bool = False  # the twin has beaten random
    no_standing: str | None = None  # why the standing pair is not in the comparison


def judge(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, settings: Settings, standing: Snapshot | None = None
) -> Judgement:
    """Evaluate rankers trained before one global cut on the views after it, beside the standing pair and the baselines.

    The standing pair stands for itself by its twin, the one that was judged when it was trained: its own training saw
    the test days. The cut never lies before that of the twin, so neither of them has.

    Where the data are too short to be split, every metric is NaN with the reason; the rankers can still be trained.
    """
    rival, no_standing = _twin_of(standing, inputs.watermark, settings)
    cut = global_cut(inputs.watermark, settings.ranking.test_days)
    if rival and standing and standing.manifest.judged_until:
        cut = max(cut, standing.manifest.judged_until.date())
    start = datetime.combine(cut, time())

    def undefined(reason: str) -> Judgement:
        return Judgement(Comparison(undefined_evaluation(reason), {}), no_standing=no_standing)

    known = inputs.posts.seen_before(np.datetime64(cut))
    if not known.any():
        return undefined(f"no post was shown before the cut at {cut}; fewer test_days would move it later")
    try:
        rankers = fit_rankers(con, inputs.posts, inputs.embeddings, known, cut, start, settings)
    except TrainingError as error:
        return undefined(f"nothing to train on before the cut at {cut}: {error}")
    ranking, window = settings.ranking, settings.features.attribution_window
    users = users_to_judge(con, start, inputs.watermark, window, ranking.max_evaluation_users, ranking.seed)
    test = labelled_views(con, start, inputs.watermark, window, users)
    if test.is_empty():
        return undefined(
            f"no view from the cut at {cut} to {inputs.watermark} is older than features.attribution_window = "
            f"{settings.features.attribution_window}; a larger ranking.test_days would leave some"
        )
    post_day = con.sql("SELECT post_id, day, views, likes FROM features.post_day").pl()

    def as_of_cut(pair: Rankers) -> Recommender:
        basis = pair.basis(inputs.posts, inputs.embeddings, settings)
        state = build_state(con, basis, pair.layout, cut, known, users=users)
        return Recommender(state, pair.models, settings.threads, settings.ranking)

    views, other = with_history(con, test, cut), as_of_cut(rival) if rival else None
    in_all = count(con, "raw.users")
    comparison = evaluate(as_of_cut(rankers), views, post_day, cut, settings.ranking, other, in_all)
    if np.isnan(comparison.by_user[TEST][settings.gate.metric]).all():  # nothing was learned about this pair
        return Judgement(comparison, no_standing=no_standing)
    proven = beats_random(comparison, settings.gate, settings.ranking.seed)
    return Judgement(comparison, rankers, cut, proven, no_standing)


def _twin_of(standing: Snapshot | None, watermark: datetime, settings: Settings) -> tuple[Rankers | None, str | None]:
    """The judged twin of the standing pair, or why it cannot be compared with."""
    if standing is None or not settings.gate.enabled:
        return None, "nothing stands to be compared with"
    until = standing.manifest.judged_until
    if until is None:
        return None, f"the pair of the standing snapshot {standing.id} was never judged"
    if until.date() > watermark.date():  # the source has lost its newest days, or was put back
        return None, f"the standing pair knows events up to {until.date()}, and the newest is of {watermark}"
    model = standing.manifest.settings["features"]["transformer_model"]
    if model != settings.features.transformer_model:
        return None, (
            f"the standing pair reads texts with {model}, and this run with {settings.features.transformer_model}; "
            "promote by hand after a look at the evaluation"
        )
    return Rankers.load(standing.folder / JUDGED), None


def retrain(
    con: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    judgement: Judgement,
    folder: Path,
    settings: Settings,
    spread: Spread | None = None,
) -> ManifestBody:
    """Fit both rankers on all that is known, write a complete snapshot into `folder`, and describe it.

    `spread` does what can be divided; by default threads of this process.

    Raises:
        TrainingError: there are no views, no likes, or nothing but likes.
    """
    everything = np.ones(len(inputs.posts.ids), dtype=np.bool_)
    until = inputs.watermark + timedelta(microseconds=1)  # the newest event itself counts
    rankers = fit_rankers(con, inputs.posts, inputs.embeddings, everything, inputs.cut, until, settings)
    evaluation = judgement.comparison.evaluation
    rankers.save(folder)
    _write(con, inputs, rankers, evaluation, folder, settings, spread)
    if judgement.twin is not None:
        (folder / JUDGED).mkdir()
        judgement.twin.save(folder / JUDGED)
    return _describe(
        inputs,
        evaluation,
        folder,
        settings,
        trained_at=datetime.now(UTC),
        models_from=None,
        judged_until=datetime.combine(judgement.cut, time(), UTC) if judgement.cut else None,
        proven=judgement.proven,
    )


def refresh(
    con: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    standing: Snapshot,
    folder: Path,
    settings: Settings,
    spread: Spread | None = None,
) -> ManifestBody:
    """Write a snapshot with today's features and all else of the `standing` one: rankers, what is known of them.

    `spread` does what can be divided; by default threads of this process.

    Raises:
        SnapshotDamaged: the files of `standing` are not what was published; its rankers must not be published again.
    """
    verify(standing)
    with duckdb.connect(str(standing.folder / STATE_FILE), read_only=True) as snapshot:
        evaluation = Evaluation.read(snapshot)
    # the files as they are: CatBoost does not write a model that it has read with the same bytes
    own = shutil.ignore_patterns(STATE_FILE, ARRAYS_FILE, INDEX_FILES, *map(kept_file, ARMS), MANIFEST)
    shutil.copytree(standing.folder, folder, ignore=own, dirs_exist_ok=True)
    _write(con, inputs, Rankers.load(folder), evaluation, folder, settings, spread, standing)
    carry_tables(standing.folder / STATE_FILE, folder / STATE_FILE)
    return _describe(
        inputs,
        evaluation,
        folder,
        settings,
        trained_at=standing.manifest.trained_at,
        models_from=standing.manifest.models_from or standing.id,
        judged_until=standing.manifest.judged_until,
        proven=standing.manifest.proven,
    )


def _write(
    con: duckdb.DuckDBPyConnection,
    inputs: Inputs,
    rankers: Rankers,
    evaluation: Evaluation,
    folder: Path,
    settings: Settings,
    spread: Spread | None,
    standing: Snapshot | None = None,
) -> None:
    eligible = np.ones(len(inputs.posts.ids), dtype=np.bool_)
    basis = rankers.basis(inputs.posts, inputs.embeddings, settings)
    with _parts(settings) as folder_of_parts:
        learn = LearnedInParts(spread, folder_of_parts) if spread else learn_here
        histories = KeptHistories(settings.histories_file, learn)
        state = build_state(con, basis, rankers.layout, inputs.cut, eligible, histories)
    if len(state.post_ids) > settings.ranking.index_above:
        save_index(state, folder)
    write_tables(con, folder, state, evaluation, settings, spread, standing)


@contextmanager
def _parts(settings: Settings) -> Iterator[Path]:
    """A folder for what parts are handed and leave, gone afterwards; the cleanup finds that of a killed run."""
    settings.spill_folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="parts-", dir=settings.spill_folder) as folder:
        yield Path(folder)


def _describe(
    inputs: Inputs,
    evaluation: Evaluation,
    folder: Path,
    settings: Settings,
    *,
    trained_at: datetime,
    models_from: str | None,
    judged_until: datetime | None,
    proven: bool,
) -> ManifestBody:
    with duckdb.connect(str(folder / STATE_FILE), read_only=True) as snapshot:
        tables = [name for (name,) in snapshot.sql("SHOW TABLES").fetchall()]
        rows = {name: snapshot.table(name).count("*").fetchall()[0][0] for name in tables}
    metrics = {
        str(arm): dict(zip(measured["metric"], measured["value"], strict=True))
        for (arm,), measured in evaluation.table.group_by(ARM, maintain_order=True)
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
        judged_until=judged_until,
        proven=proven,
    )
