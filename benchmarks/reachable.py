r"""The reachable limit: what anyone could learn of a simulated network's users from their own events.

Everything but the users is taken as known: the posts' meanings, their qualities in every week, the waves of the hours,
how the profile leans, and how tastes are spread over users. What is left of the model in `simulation.truth` is one
logistic model a user,

    logit P(like of view i) = o_i + θ · φ_i,   θ ~ N(0, I) of 1 + topics + 2 · themes dimensions,
    φ_i = ( user_strength,  topic_strength √(1 - profile_share) e_topic,  cos(w d_i) m_i,  sin(w d_i) m_i ),

the last two times `text_strength`; o_i holds the bias, the affinity that the profile explains, quality, week and hour.
Its maximum a posteriori is found by Newton's method (Hastie, Tibshirani and Friedman, The Elements of Statistical
Learning, eq. 4.26, with the prior's I added to the Hessian), for many users at a time. Undamped it runs away from some
users who like much; a step that would change the views' logits by r at most is shortened to log(1 + r) / r of itself,
which never goes uphill (Bach, "Self-concordant analysis for logistic regression", 2010, proposition 1: where its upper
bound is least). All in float32: estimates from some two hundred views are far less exact than that.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.columns import ACTION, EVENT_TIME, LIKED, POST_ID, USER_ID, VIEW
from simulation.settings import utc
from simulation.tastes import topic_affinity
from simulation.world import World

NEWTON_STEPS = 20
SMALL_STEP = 1e-3  # Newton's error after such a step is of the order of its square
# padded views of one batch of users: 20k rows of 32 float32 are 2.5 MB, which stay in the cache
BATCH_ROWS = 20_000
TINY = np.float32(1e-12)
DAY = np.timedelta64(1, "D")

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Reachable:
    """Users as the best-informed learner estimates them, and posts as they are at one moment."""

    theta: Floats  # (U, D)
    explained: Floats  # (U, topics)
    features: Floats  # (P, D)
    topic: NDArray[np.int64]  # (P,)
    effect: Floats  # (P,)

    def logits(self, users: NDArray[np.int64]) -> Floats:
        """Logits of a like, for each of some rows of users and each post: (len(users), P)."""
        logits: Floats = self.theta[users] @ self.features.T
        logits += self.explained[users][:, self.topic]
        logits += self.effect
        return logits


@dataclass(frozen=True, eq=False)
class Views:
    """Views of posts that their users had not liked before, which alone say something; by user, then in time."""

    users: NDArray[np.int64]  # (n,) ascending rows of users
    posts: NDArray[np.int64]  # (n,) rows of posts
    times: NDArray[np.datetime64]  # (n,)
    liked: NDArray[np.bool_]  # (n,)


def reachable(world: World, when: datetime) -> Reachable:
    """Estimate every user of a world from all events, to rank posts at `when`."""
    truth = world.truth
    explained = explained_affinity(world)
    # of many small products each is faster alone than shared among threads
    with threadpool_limits(1, user_api="blas"):
        theta = maximum_a_posteriori(world, first_views(world), explained)
    posts = np.arange(len(truth.post_ids))
    moment = np.full(len(posts), utc(when))
    return Reachable(theta, explained, _features(world, posts, moment), truth.topic, _post_part(world, posts, moment))


def first_views(world: World) -> Views:
    """All views but those of a post after the user's like of it."""
    truth = world.truth
    views = world.events.filter(pl.col(ACTION) == VIEW)  # in order of time
    users, posts = truth.user_rows(views[USER_ID].to_numpy()), truth.post_rows(views[POST_ID].to_numpy())
    liked, place = views[LIKED].to_numpy(), np.arange(len(views), dtype=np.int32)
    liked_at = np.full((len(truth.user_ids), len(truth.post_ids)), len(views), dtype=np.int32)
    liked_at[users[liked], posts[liked]] = place[liked]  # one at most, since nobody likes a post twice
    first = np.flatnonzero(place <= liked_at[users, posts])
    first = first[np.argsort(users[first], kind="stable")]
    return Views(users[first], posts[first], views[EVENT_TIME].to_numpy()[first], liked[first])


def explained_affinity(world: World) -> Floats:
    """The part of each user's topic affinity that follows from the profile, in logits. (U, topics)"""
    settings = world.settings
    leaning = topic_affinity(np.random.default_rng(0), world.users, profile_share=1.0)  # no personal part, no chance
    return leaning * np.float32(settings.topic_strength * np.sqrt(settings.profile_share))


def maximum_a_posteriori(world: World, views: Views, explained: Floats) -> Floats:
    """The weights of each user under a standard normal prior: (U, D)."""
    count = len(world.truth.user_ids)
    ends = np.searchsorted(views.users, np.arange(count), side="right")
    starts = np.append(0, ends[:-1])
    lengths = ends - starts
    theta = np.zeros((count, 1 + explained.shape[1] + 2 * world.truth.meaning.shape[1]), dtype=np.float32)
    order = np.argsort(lengths, kind="stable")  # users of like length share a batch, so that little is padding
    order = order[lengths[order] > 0]  # whoever viewed nothing stays at the prior's mean
    while order.size:
        size = max(1, min(len(order), BATCH_ROWS // int(lengths[order[-1]])))
        batch, order = order[-size:], order[:-size]
        width = int(lengths[batch].max())
        filled = np.arange(width) < lengths[batch][:, None]  # (B, N)
        rows = np.where(filled, starts[batch][:, None] + np.arange(width), 0).ravel()
        posts, times = views.posts[rows], views.times[rows]
        offsets = _post_part(world, posts, times).reshape(filled.shape)
        offsets += explained[batch[:, None], world.truth.topic[posts].reshape(filled.shape)]
        phi = _features(world, posts, times).reshape(*filled.shape, -1)
        theta[batch] = _newton(phi, offsets, views.liked[rows].reshape(filled.shape), filled)
    return theta


def _newton(
    phi: Floats,  # (B, N, D)
    offsets: Floats,  # (B, N)
    liked: NDArray[np.bool_],  # (B, N)
    filled: NDArray[np.bool_],  # (B, N)
) -> Floats:
    theta = np.zeros((len(phi), phi.shape[2], 1), dtype=np.float32)
    prior = np.eye(phi.shape[2], dtype=np.float32)
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-offsets - (phi @ theta)[:, :, 0]))
        gradient = phi.transpose(0, 2, 1) @ (filled * (liked - p))[:, :, None] - theta
        hessian = (phi * (filled * p * (1 - p))[:, :, None]).transpose(0, 2, 1) @ phi + prior
        step = np.linalg.solve(hessian, gradient)
        reach = np.abs(phi @ step).max(axis=1, keepdims=True) + TINY  # the most that any view's logit would change
        step *= np.log1p(reach) / reach
        theta += step
        if np.abs(step).max() < SMALL_STEP:
            break
    return theta[:, :, 0]


def _features(world: World, posts: NDArray[np.int64], times: NDArray[np.datetime64]) -> Floats:
    """φ of views of `posts` at `times`, both (n,): (n, 1 + topics + 2 · themes)."""
    truth, settings = world.truth, world.settings
    topics = np.eye(truth.affinity.shape[1]) * settings.topic_strength * np.sqrt(1 - settings.profile_share)
    meaning = truth.meaning[posts] * np.float32(settings.text_strength)
    turn = (truth.turn_per_day * ((times - truth.starts_at) / DAY)).astype(np.float32)[:, None]
    bias = np.full((len(posts), 1), settings.user_strength, dtype=np.float32)
    of_topic = topics.astype(np.float32)[truth.topic[posts]]
    return np.hstack([bias, of_topic, np.cos(turn) * meaning, np.sin(turn) * meaning])


def _post_part(world: World, posts: NDArray[np.int64], times: NDArray[np.datetime64]) -> Floats:
    """What is the same for all users: bias, quality, week and hour. (n,)"""
    return world.truth.post_effect(posts, times) + np.float32(world.truth.bias)
