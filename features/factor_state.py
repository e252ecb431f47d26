r"""What a fitted factor model knows of users and posts at a cut, moving on day by day.

It starts where the model was fitted: posts as they were learned, and as surely; users by the mode of their factors
given all their views before. From there each day's views move both by one Newton step, starting from what was known
that morning: the posterior of yesterday is the prior of today. With P the precision, over the day's views i of a user,

    P ← P + Σ wᵢ fᵢ fᵢᵀ,   θ ← θ + P⁻¹ Σ (yᵢ - pᵢ) fᵢ,   wᵢ = pᵢ (1 - pᵢ)

and the same for (q, f) of a post over (1, θ) of its viewers. So a like of yesterday moves today's list, a post without
history becomes known by who likes it, and a row of a training window sees exactly what its morning knew.

Source: a Kalman filter with Laplace's approximation for the logistic likelihood; Agarwal, Chen and Elango, "Fast online
learning through offline initialization for time-sensitive recommendation", KDD 2010.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.columns import DAY
from features.basis import Basis
from features.factor_model import (
    Doubles,
    FactorModel,
    PostFactors,
    log_likelihood,
    logits,
    newton_step,
    shortened,
    symmetric,
    told_by,
    with_one,
)
from features.histories import Histories, History, learn_here
from features.known_views import Floats, Views, views_by_day
from features.some_users import EVERYBODY, Users


class FactorState:
    """One arm's users (U, K) and posts (P, K) on the morning of a day, in the K factors that the model uses."""

    def __init__(self, users: int, posts: PostFactors, model: FactorModel, post_ids: NDArray[np.int64]) -> None:
        width = model.used
        self.users = np.zeros((users, width), np.float32)
        self.posts = posts.first(width)
        self._pairs = np.tril_indices(width)
        unit = np.eye(width, dtype=np.float32)
        self._of_users = np.tile(unit[self._pairs], (users, 1))  # precision, each pair of factors once
        self._of_posts = model.precision_of_posts(post_ids)  # (P, 1 + K, 1 + K)

    def start(self, rows: NDArray[np.int64], history: History) -> None:
        """Take over what was learned of users from their whole history; posts are as they were fitted."""
        self.users[rows], self._of_users[rows] = history

    def move(self, views: Views, rows: NDArray[np.int64], prior: Floats) -> None:
        """See a day's views, by the users at `rows`."""
        theta, width = self.users[rows], self.users.shape[1]
        shown = np.unique(views.post)
        viewers = with_one(theta)
        logit = logits(views, prior, self.posts, theta)
        gradient, told = told_by(views, prior, self.posts, theta)
        precision = symmetric(self._of_users[rows], self._pairs, width)
        self.users[rows], precision = newton_step(views, prior, self.posts, theta, precision, theta)
        self._of_users[rows] = precision[:, self._pairs[0], self._pairs[1]]
        yesterday = self._of_posts[shown].copy()
        self._of_posts[shown] += symmetric(told[shown], np.tril_indices(1 + width), 1 + width)
        step = np.zeros_like(gradient)
        step[shown] = np.linalg.solve(self._of_posts[shown], gradient[shown][:, :, None])[:, :, 0]
        start = self.posts.both

        def log_posterior(tried: Floats, of_views: Floats) -> Doubles:
            away = (tried - start)[shown]
            total = np.bincount(views.post, log_likelihood(views, of_views), len(tried)).astype(np.float64)
            total[shown] -= 0.5 * np.einsum("pi,pij,pj->p", away, yesterday, away)
            return total

        def tried_out(tried: Floats) -> Doubles:
            return log_posterior(tried, logits(views, prior, self.posts.moved_to(tried), theta))

        moved = shortened(start, step, viewers, tried_out, lambda: log_posterior(start, logit))
        self.posts = self.posts.moved_to(moved)


class FactorStates:
    """Both arms, from the cut they were fitted at; `advance` brings them to a later one.

    Args:
        con: the warehouse.
        basis: the posts and what was fitted.
        user_ids: (U,) ascending, of the network's users those that `users` is about.
        prior: (U, T) log-odds by profile and topic.
        histories: learns users from what they viewed before the cut.
        users: by whose views users and posts move.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        basis: Basis,
        user_ids: NDArray[np.int64],
        prior: Floats,
        histories: Histories = learn_here,
        users: Users = EVERYBODY,
    ) -> None:
        self._con, self._basis, self._user_ids, self._prior, self._users = con, basis, user_ids, prior, users
        self.cut = basis.fitted.cut
        self.arms = {
            arm: FactorState(len(user_ids), basis.fitted_posts[arm], model, basis.posts.ids)
            for arm, model in basis.fitted.factors.items()
        }
        if basis.fitted.prior.learned:
            for rows, of_arms in histories(con, basis, user_ids, prior):
                for arm, history in of_arms.items():
                    self.arms[arm].start(rows, history)

    def advance(self, cut: date) -> None:
        """See the days before `cut` that were not seen yet, one after the other."""
        for _ in self.mornings([cut]):
            pass

    def mornings(self, cuts: Sequence[date] | pl.Series) -> Iterator[date]:
        """Advance to each of `cuts`, ascending, and give it; the warehouse is asked for all of their days at once."""
        last = max(cuts, default=self.cut)
        days = {}
        if last > self.cut:
            frame = views_by_day(self._con, self.cut, last, self._basis.settings.attribution_window, self._users)
            days = {day: views for (day,), views in frame.group_by(DAY, maintain_order=True)}
        for cut in cuts:
            while self.cut < cut:
                if self.cut in days:
                    self._see(days[self.cut])
                self.cut += timedelta(days=1)
            yield cut

    def base(self, arm: str, user_rows: NDArray[np.int64], post_rows: NDArray[np.int64]) -> Floats:
        """The base columns of pairs as of the cut: profile, quality, taste; (n, 3)."""
        state = self.arms[arm]
        topics = self._basis.posts.topic_rows[post_rows]
        taste = np.einsum("nk,nk->n", state.users[user_rows], state.posts.factors[post_rows])
        profile = state.posts.profile_weight * self._prior[user_rows, topics]
        return np.column_stack([profile, state.posts.quality[post_rows], taste])

    def _see(self, frame: pl.DataFrame) -> None:
        if not self._basis.fitted.prior.learned:
            return  # there was nothing to learn from: the trees were trained without a base, and are served without
        views = Views.of(frame, self._basis.posts.ids)
        rows = np.searchsorted(self._user_ids, views.user_ids)
        prior = self._prior[rows[views.user], self._basis.posts.topic_rows[views.post]]
        # sums are made in one order on any machine, by one thread an arm
        with threadpool_limits(limits=1), ThreadPoolExecutor(len(self.arms)) as pool:
            list(pool.map(lambda state: state.move(views, rows, prior), self.arms.values()))
