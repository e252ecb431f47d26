"""The pair of rankers and all that was fitted with them: codebook, one text encoder and one CatBoost an arm.

They are trained together, saved together and used together: a refresh computes new features with the standing pair's
codebook and encoders, so that its columns mean what they meant at training.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Self

import duckdb
import numpy as np
from catboost import CatBoostClassifier
from numpy.typing import NDArray

from core.columns import ARMS, CONTROL, EVENT_TIME
from core.logging import get_logger
from core.settings import Settings
from features.arm_spaces import Encoders, Readings
from features.basis import Basis
from features.catalog import Layout
from features.codebook import Codebook
from features.fitted import Fitted, fit_features
from features.matrix import base_scores
from features.posts import Posts
from features.training_set import build_training_set, labelled_views
from ranking.recommender import ranker_file
from ranking.train import fit_ranker, load_ranker, save_ranker

log = get_logger(__name__)


@dataclass(frozen=True)
class Rankers:
    """Everything fitted at one moment of training."""

    fitted: Fitted
    encoders: Encoders
    models: dict[str, CatBoostClassifier]  # by arm
    layout: Layout

    def basis(self, posts: Posts, embeddings: NDArray[np.float32], settings: Settings) -> Basis:
        """What features are computed from; `embeddings` is (P, width), one row a post."""
        spaces = self.encoders.spaces(Readings(posts.texts, embeddings))
        return Basis(posts, spaces, self.fitted, settings.features, settings.ranking.popularity_half_life)

    def save(self, folder: Path) -> None:
        """Write the pair into a snapshot under construction."""
        self.fitted.save(folder)
        self.encoders.save(folder)
        for arm, model in self.models.items():
            save_ranker(model, folder / ranker_file(arm))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the pair from a published snapshot."""
        models = {arm: load_ranker(folder / ranker_file(arm)) for arm in ARMS}
        return cls(
            fitted=Fitted.load(folder),
            encoders=Encoders.load(folder),
            models=models,
            layout=Layout.of_names(models[CONTROL].feature_names_),
        )


def fit_rankers(
    con: duckdb.DuckDBPyConnection,
    posts: Posts,
    embeddings: NDArray[np.float32],
    known: NDArray[np.bool_],
    cut: date,
    until: datetime,
    settings: Settings,
) -> Rankers:
    """Fit both arms on what was known before `cut`, through one code path.

    What features are learned from and what the trees are trained on must not be the same views, or the trees would
    trust a score that has seen its own label. So features are fitted twice: on what was known before the training
    window, for the rows of the window, and on everything, to be served.

    Args:
        con: the warehouse.
        posts: all posts (P).
        embeddings: (P, width) the transformer's.
        known: (P,) posts whose texts the encoders may learn from.
        cut: the day from which on nothing is known.
        until: labels and views stop here, UTC.
        settings: of the whole project.

    Raises:
        TrainingError: there are no views, no likes, or nothing but likes.
    """
    features, ranking = settings.features, settings.ranking
    codebook = Codebook.fit(con, posts.topics_of(known))
    readings = Readings(posts.texts, embeddings)
    encoders = Encoders.fit(readings.of(known), features)
    spaces = encoders.spaces(readings)
    layout = Layout(tuple(codebook.names))
    since = window_start(con, until, ranking.train_days)
    views = labelled_views(
        con,
        datetime.combine(since, time()),
        until,
        features.attribution_window,
        rows=ranking.max_training_rows,
        seed=ranking.seed,
    )
    before = fit_features(con, posts, spaces, codebook, since, features, settings.threads)
    basis = Basis(posts, spaces, before, features, ranking.popularity_half_life)
    training = build_training_set(con, views, basis, layout)
    log.info("training on %d views of %s to %s, %d liked", views.height, since, until, training.labels.sum())
    late = (views[EVENT_TIME] >= until - timedelta(days=ranking.stop_days)).to_numpy()
    models = {}
    for arm in ARMS:
        matrix = training.matrix(arm)
        base = base_scores(layout, matrix)
        models[arm] = fit_ranker(matrix, training.labels, layout.names, base, late, ranking, settings.threads)
    # where there was nothing to learn before the window, the trees were trained without: so they are served without
    fitted = before
    if before.prior.learned:
        fitted = fit_features(con, posts, spaces, codebook, cut, features, settings.threads)
    return Rankers(fitted, encoders, models, layout)


def window_start(con: duckdb.DuckDBPyConnection, until: datetime, days: int) -> date:
    """The first day of the training window: `days` before the end, but at most half of the history."""
    first = con.execute("SELECT min(event_time) FROM raw.events WHERE event_time < ?", [until]).fetchone()
    assert first is not None
    history = until - (first[0] or until)
    return (until - min(timedelta(days=days), history / 2)).date()
