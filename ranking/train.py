"""Fitting one ranker, the same way for both arms."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from catboost import CatBoostClassifier, CatBoostError, Pool
from numpy.typing import NDArray

from core.errors import TrainingError
from core.logging import get_logger
from core.settings import RankingSettings
from features.trees import NO_CHANCE, QUIET, anonymous, load_trees, save_trees

log = get_logger(__name__)

# with few rows a leaf is trusted half that holds this share of them
LEAVES = 100
# growing ends when so many trees have not foretold the late views better
PATIENCE = 30
# trees where the number cannot be chosen: it takes so many views with and without a like, both early and late
PLAIN_TREES, ENOUGH_VIEWS = 100, 100


def fit_ranker(
    X: NDArray[np.float32],
    y: NDArray[np.bool_],
    feature_names: Sequence[str],
    baseline: NDArray[np.float32],
    late: NDArray[np.bool_],
    settings: RankingSettings,
    threads: int,
) -> CatBoostClassifier:
    """Fit the probability that a view is liked: the trees correct the log-odds of `baseline`.

    X is (n, F), every column numeric, NaN for unknown; y, baseline and late are (n,). `late` are the newest views: how
    many trees there are is chosen by them (see `number_of_trees`), then all views are learned from. The same input on
    the same number of threads gives the same model to the last bit; another number of threads adds in another order,
    which may choose a tree more or less.

    Raises:
        TrainingError: there is no row, no like or nothing but likes, or no column that varies.
    """
    rows, likes = len(y), int(np.count_nonzero(y))
    if rows == 0:
        raise TrainingError(
            "there are no views to train on (0 rows); copy more history or raise ranking.train_days, "
            f"now {settings.train_days}"
        )
    if likes in (0, rows):
        raise TrainingError(
            f"a ranker needs views with and without a like, but {likes} of {rows} training views are liked; "
            f"check that likes are copied, or raise ranking.train_days, now {settings.train_days}"
        )
    try:
        views = Pool(X, label=y.astype(np.int8), baseline=baseline, feature_names=list(feature_names))
        trees = number_of_trees(views, late, settings, threads)
        model = CatBoostClassifier(**parameters(rows, trees, settings, threads)).fit(views)
    except CatBoostError as error:
        raise TrainingError(
            f"CatBoost cannot fit {rows} rows with {likes} likes and {X.shape[1]} features: {error}"
        ) from error
    log.info("fitted %d trees on %d views with %d likes, %d features", model.tree_count_, rows, likes, X.shape[1])
    return anonymous(model)


def number_of_trees(views: Pool, late: NDArray[np.bool_], settings: RankingSettings, threads: int) -> int:
    """How many trees to grow: of those that the other views grow, as many as foretell the late ones best.

    A plain number where there is too little to choose by.
    """
    liked = np.asarray(views.get_label()) > 0
    fewest = min(np.bincount(2 * late + liked, minlength=4).tolist())
    if fewest < ENOUGH_VIEWS:
        trees = min(PLAIN_TREES, settings.iterations)
        log.info(
            "%d trees, not chosen: it takes %d views with and %d without a like, both in the last %d days "
            "(ranking.stop_days) and before, and one of the four has %d",
            *(trees, ENOUGH_VIEWS, ENOUGH_VIEWS, settings.stop_days, fewest),
        )
        return trees
    early_rows, late_rows = np.flatnonzero(~late), np.flatnonzero(late)
    model = CatBoostClassifier(**parameters(len(early_rows), settings.iterations, settings, threads)).fit(
        views.slice(early_rows),
        eval_set=views.slice(late_rows),
        early_stopping_rounds=PATIENCE,
        use_best_model=True,
    )
    trees = int(model.tree_count_)
    log.info("%d trees, of at most %d, foretell the last %d days best", trees, settings.iterations, settings.stop_days)
    return trees


def parameters(rows: int, trees: int, settings: RankingSettings, threads: int) -> dict[str, Any]:
    """What CatBoost is told for so many rows and at most so many trees."""
    return {
        "loss_function": "Logloss",
        "iterations": trees,
        "depth": settings.depth,
        "learning_rate": settings.learning_rate,
        "l2_leaf_reg": min(settings.leaf_views, rows / LEAVES),
        "boost_from_average": False,  # the baseline is where it starts
        "random_seed": settings.seed,
        "thread_count": threads,
        **NO_CHANCE,
        **QUIET,
    }


def save_ranker(model: CatBoostClassifier, path: Path) -> None:
    """Write the ranker in CatBoost's own format (.cbm)."""
    save_trees(model, path)


def load_ranker(path: Path) -> CatBoostClassifier:
    """Read a ranker written by `save_ranker`.

    Raises:
        SnapshotDamaged: the file is missing or is not a ranker.
    """
    return load_trees(path, "a ranker")


def feature_importances(model: CatBoostClassifier) -> pl.DataFrame:
    """(feature, importance): the share of prediction change each feature is behind, adding up to 100, largest first.

    Source: CatBoost `PredictionValuesChange`.
    """
    return pl.DataFrame(
        {"feature": model.feature_names_, "importance": model.get_feature_importance()},
        schema={"feature": pl.String, "importance": pl.Float64},
    ).sort(["importance", "feature"], descending=[True, False])
