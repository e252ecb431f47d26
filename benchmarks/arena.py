"""One simulated world in which ways of fitting the trees meet the same training rows and the same users."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
from catboost import CatBoostClassifier, CatBoostRanker, Pool
from numpy.typing import NDArray

from benchmarks.quality import BUSIEST_HOUR
from benchmarks.world import load_world
from benchmarks.yardstick import TOP, worth
from core.columns import CUT, TEST, USER_ID
from core.settings import Settings
from features.basis import Basis
from features.catalog import Layout
from features.codebook import Codebook
from features.fitted import Fitted, fit_features
from features.matrix import base_scores, fill_users, personal_features, post_template
from features.neighbours import neighbour_scores
from features.serving_state import build_state
from features.text_neural import NeuralEncoder
from features.training_set import build_training_set, labelled_views
from ranking.pipeline import load_inputs
from ranking.rankers import window_start
from ranking.top_k import top_k
from ranking.train import number_of_trees, parameters
from simulation.world import World

USERS = 1_500
Raw = Callable[[NDArray[np.float32]], NDArray[np.float64]]  # a matrix (n, F) -> what the trees add, (n,)


@dataclass(frozen=True)
class Rows:
    """A training set of n views, and what it takes to serve what is fitted on it."""

    X: NDArray[np.float32]  # (n, F)
    y: NDArray[np.bool_]
    base: NDArray[np.float32]
    group: NDArray[np.int64]  # (n,) ascending: the user and day of each view
    age: NDArray[np.int64]  # (n,) days before the newest
    layout: Layout
    settings: Settings

    def pool(self, kept: NDArray[np.bool_] | None = None, **changes: Any) -> Pool:
        """The rows, or some of them, for CatBoost."""
        rows = np.ones(len(self.y), np.bool_) if kept is None else kept
        given = {"label": self.y[rows].astype(np.int8), "baseline": self.base[rows], **changes}
        return Pool(np.asfortranarray(self.X[rows]), feature_names=self.layout.names, **given)

    def fit(self, pool: Pool, **changes: Any) -> Raw:
        """Trees as `ranking.train` fits them, but for `changes`."""
        options = {**parameters(len(self.y), self.trees, self.settings.ranking, self.settings.threads), **changes}
        if options["loss_function"] != "Logloss":
            ranker = CatBoostRanker(**options).fit(pool)
            return lambda matrix: np.asarray(ranker.predict(matrix), np.float64)
        model = CatBoostClassifier(**options).fit(pool)
        return lambda matrix: np.asarray(model.predict(matrix, prediction_type="RawFormulaVal"), np.float64)

    @cached_property
    def late(self) -> NDArray[np.bool_]:
        """The last days, by which the number of trees is chosen."""
        return self.age < self.settings.ranking.stop_days

    @cached_property
    def trees(self) -> int:
        """The number that `ranking.train` chooses."""
        return number_of_trees(self.pool(), self.late, self.settings.ranking, self.settings.threads)


class Arena:
    """One world and its posts, where variants meet the same users."""

    def __init__(self, con: duckdb.DuckDBPyConnection, world: World, settings: Settings) -> None:
        load_world(con, world)
        self._con, self._settings, self._world = con, settings, world
        inputs = load_inputs(con, settings)
        posts = inputs.posts
        self._inputs, self._codebook = inputs, Codebook.fit(con, posts.topics)
        space = NeuralEncoder.fit(inputs.embeddings[posts.has_text], settings.features)
        # one arm is judged; the other's fit costs as much and is not looked at
        self._spaces = {TEST: space.transform(inputs.embeddings, posts.has_text)}
        self._when = world.settings.ends_at + BUSIEST_HOUR

    def rows(self, days: int) -> Rows:
        """The training rows of a window of so many days."""
        con, settings, posts = self._con, self._settings, self._inputs.posts
        until = self._inputs.watermark + timedelta(microseconds=1)
        since = window_start(con, until, days)
        window, features = settings.features.attribution_window, settings.features
        views = labelled_views(
            con, datetime.combine(since, time()), until, window, rows=settings.ranking.max_training_rows
        ).sort(USER_ID, CUT)
        before = fit_features(con, posts, self._spaces, self._codebook, since, features, settings.threads)
        layout = Layout(tuple(self._codebook.names))
        training = build_training_set(con, views, self._basis(before), layout)
        matrix = training.matrix(TEST)
        days_of = views[CUT].to_physical().to_numpy().astype(np.int64)
        groups = views[USER_ID].to_numpy() * 100_000 + days_of
        base = base_scores(layout, matrix)
        return Rows(matrix, training.labels, base, groups, days_of.max() - days_of, layout, settings)

    def served(self, layout: Layout) -> "Served":
        """What a sample of users would be served from."""
        con, settings, inputs = self._con, self._settings, self._inputs
        posts = inputs.posts
        fitted = fit_features(con, posts, self._spaces, self._codebook, inputs.cut, settings.features, settings.threads)
        state = build_state(con, self._basis(fitted), layout, inputs.cut, np.ones(len(posts.ids), np.bool_))
        users = np.sort(np.random.default_rng(0).permutation(len(state.user_ids))[:USERS])
        everything, audience = np.arange(len(posts.ids)), state.audience(TEST, users)
        near = neighbour_scores(state.neighbours, *audience.likes, len(users))
        personal = personal_features(
            audience, state.posts.topic_rows, state.spaces[TEST].vectors, near, state.post_factors[TEST]
        )
        filled = np.repeat(post_template(layout, state.posts)[:, None], len(users), axis=1)
        fill_users(filled, layout, audience, personal, self._when.hour, self._when.isoweekday())
        matrix = filled.reshape(len(filled), -1).T
        liked = np.zeros((len(users), len(posts.ids)), np.bool_)
        liked[audience.likes] = True
        truth = self._world.truth.like_probability(users, everything, self._when)
        return Served(matrix, base_scores(layout, matrix), liked, truth)

    def _basis(self, fitted: Fitted) -> Basis:
        half_life = self._settings.ranking.popularity_half_life
        return Basis(self._inputs.posts, self._spaces, fitted, self._settings.features, half_life)


@dataclass(frozen=True)
class Served:
    """All posts for n users: a matrix of n · P rows, and what they are truly worth."""

    matrix: NDArray[np.float32]
    base: NDArray[np.float32]
    liked: NDArray[np.bool_]  # (n, P)
    truth: NDArray[np.float32]  # (n, P)

    def gains(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Mean true probability of each user's top five less that of posts at random, (n,)."""
        best = top_k(np.where(self.liked, -np.inf, scores.reshape(self.truth.shape)), TOP)
        at_random: NDArray[np.float64] = self.truth.mean(axis=1, where=~self.liked, dtype=np.float64)
        return worth(self.truth, best) - at_random
