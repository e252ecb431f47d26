"""The factor model finds tastes in made-up views whose true log-odds are known."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from features.factor_fit import fit_factors
from features.factor_model import FactorModel, PostFactors, describe, newton_step
from features.known_views import Floats, Views

USERS, POSTS, DIMS, SEEN = 600, 120, 8, 60
NEW = np.arange(POSTS) % 6 == 0  # posts that nobody has viewed
WIDTH = 6


@dataclass(frozen=True)
class Tastes:
    """Two true factors that texts tell in part, a quality of each post, and what was viewed and liked."""

    logit: Floats  # (U, P)
    described: Floats  # (P, X)
    views: Views  # of the posts that are not new
    model: FactorModel

    def scores(self) -> Floats:
        """(U, P) by the mode of each user's factors given all views of the user."""
        known = self.model.of_posts(np.flatnonzero(~NEW), self.described[~NEW])
        theta = nothing = np.zeros((USERS, WIDTH), np.float32)
        unit = np.eye(WIDTH, dtype=np.float32)[None]
        for _ in range(5):
            theta, _ = newton_step(self.views, prior_of(self.views), known, theta, unit, nothing)
        posts = self.model.of_posts(np.arange(POSTS), self.described)
        return theta @ posts.factors.T + posts.quality


def prior_of(views: Views) -> Floats:
    return np.full(len(views.user), -1.5, np.float32)


@cache
def tastes() -> Tastes:
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(POSTS, DIMS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    told = vectors[:, :2] * 3  # two directions of the texts are what tastes are about
    factors = told + rng.normal(size=(POSTS, 2)) * 0.3
    quality = rng.normal(size=POSTS) * 0.3
    logit = rng.normal(size=(USERS, 2)) @ factors.T + quality - 1.5
    described = describe(np.zeros(POSTS, np.float32), 1, vectors)
    shown = rng.permuted(np.tile(np.flatnonzero(~NEW), (USERS, 1)), axis=1)[:, :SEEN]
    user, post = np.repeat(np.arange(USERS), SEEN), shown.ravel()
    liked = rng.random(len(user)) < 1 / (1 + np.exp(-logit[user, post]))
    views = Views.of(pl.DataFrame({"user_id": user, "post_id": post, "liked": liked}), np.flatnonzero(~NEW))
    return Tastes(logit.astype(np.float32), described, views, fit(views, described))


def fit(views: Views, described: Floats) -> FactorModel:
    return fit_factors(views, prior_of(views), described[~NEW], np.flatnonzero(~NEW), WIDTH)


def within_users(scores: Floats, truth: Floats) -> float:
    """Mean over users of the correlation of scores with the true log-odds."""
    return float(np.mean([np.corrcoef(mine, true)[0, 1] for mine, true in zip(scores, truth, strict=True)]))


def test_scores_rank_as_the_truth_does_and_far_better_than_popularity() -> None:
    world = tastes()
    popularity = world.views.over_posts(world.views.liked, np.ones((USERS, 1), np.float32)).T.repeat(USERS, axis=0)
    of_known, truth = world.scores()[:, ~NEW], world.logit[:, ~NEW]
    assert within_users(of_known, truth) > 0.85
    assert within_users(popularity, truth) < 0.4


def test_a_post_nobody_viewed_gets_its_factors_from_its_text() -> None:
    world = tastes()
    assert within_users(world.scores()[:, NEW], world.logit[:, NEW]) > 0.75
    mute = np.zeros_like(world.described)
    mute[:, :2] = world.described[:, :2]  # the same posts without their texts
    untold = world.model.of_posts(np.arange(POSTS), mute)
    assert np.ptp(untold.factors[NEW], axis=0).max() < 1e-6, "without a text they are all the same"
    assert np.ptp(untold.factors[~NEW], axis=0).max() > 1, "what was learned of a post does not hang on its text"


def test_as_many_factors_are_used_as_there_are_and_the_others_are_zero() -> None:
    strength = np.abs(tastes().model.factors).max(axis=0)
    assert np.count_nonzero(strength > 0.5) == 2
    few = fit_factors(tastes().views, prior_of(tastes().views), tastes().described[~NEW], np.flatnonzero(~NEW), 1)
    assert few.factors.shape == (np.count_nonzero(~NEW), 1)


def test_the_same_views_give_the_same_bits_on_any_number_of_threads() -> None:
    world = tastes()
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            again = fit(world.views, world.described)
            of_new = again.of_posts(np.arange(POSTS), world.described)
        for name, value in vars(world.model).items():
            assert value.tobytes() == getattr(again, name).tobytes(), name
        assert of_new.factors.tobytes() == world.model.of_posts(np.arange(POSTS), world.described).factors.tobytes()


def test_a_saved_model_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    model = tastes().model
    model.save(tmp_path)
    for name, value in vars(FactorModel.load(tmp_path)).items():
        assert value.dtype == getattr(model, name).dtype
        assert value.tobytes() == getattr(model, name).tobytes(), name


def test_a_model_that_knows_nothing_scores_nothing() -> None:
    known = FactorModel.empty(described=2 + DIMS, width=3).of_posts(np.arange(POSTS), tastes().described)
    assert isinstance(known, PostFactors)
    assert known.factors.shape == (POSTS, 3)
    assert not known.factors.any()
    assert not known.quality.any()


def test_a_newton_step_climbs_the_posterior_that_a_plain_loop_writes_down() -> None:
    views, model = tastes().views, tastes().model
    posts = model.of_posts(np.flatnonzero(~NEW), tastes().described[~NEW])
    zero, unit = np.zeros((USERS, WIDTH), np.float32), np.eye(WIDTH, dtype=np.float32)[None]
    moved, precision = newton_step(views, prior_of(views), posts, zero, unit, zero)
    mine = views.user == 7
    f, y = posts.factors[views.post[mine]].astype(float), views.liked[mine]
    p = 1 / (1 + np.exp(1.5 * posts.profile_weight - posts.quality[views.post[mine]].astype(float)))
    hessian = np.eye(WIDTH) + sum(p[i] * (1 - p[i]) * np.outer(f[i], f[i]) for i in range(len(y)))
    np.testing.assert_allclose(precision[7], hessian, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(moved[7], np.linalg.solve(hessian, f.T @ (y - p)), rtol=1e-3, atol=1e-3)
