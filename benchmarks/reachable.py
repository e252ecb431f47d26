r"""The reachable limit: what anyone could learn of a simulated network's users from their own events.

Everything but the users is taken as known: the posts' meanings and qualities, the waves of the hours, how the profile
leans, and how tastes are spread over users. What is left of the model in `simulation.truth` is one logistic model a
user,

    logit P(like of view i) = o_i + θ · φ_i,   θ ~ N(0, I) of 1 + topics + 2 · themes dimensions,
    φ_i = ( user_strength,  topic_strength √(1 - profile_share) e_topic,  cos(w d_i) m_i,  sin(w d_i) m_i ),

the last two times `text_strength`; o_i holds the bias, the affinity that the profile explains, quality and hour. Its
maximum a posteriori is found by Newton's method (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning,
eq. 4.26, with the prior's I added to the Hessian), for many users at a time.
"""

from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import ACTION, EVENT_TIME, LIKED, POST_ID, USER_ID, VIEW
from simulation.settings import utc
from simulation.tastes import topic_affinity
from simulation.world import World

NEWTON_STEPS = 10
# padded views of one batch of users: 300k rows of 32 float64 are 77 MB
BATCH_ROWS = 300_000
DAY = np.timedelta64(1, "D")


def reachable_logits(world: World, when: datetime) -> NDArray[np.float64]:
    """The logit of a like as the best-informed learner estimates it, for each user and post at `when`. (U, P)"""
    truth = world.truth
    views = first_views(world)
    users, posts = truth.user_rows(views[USER_ID].to_numpy()), truth.post_rows(views[POST_ID].to_numpy())
    explained = explained_affinity(world)  # (U, topics)
    times = views[EVENT_TIME].to_numpy()
    offsets = _post_part(world, posts, times) + explained[users, truth.topic[posts]]
    features = _features(world, posts, times)  # (n, D)
    theta = maximum_a_posteriori(features, offsets, views[LIKED].to_numpy(), users, len(truth.user_ids))
    all_posts = np.arange(len(truth.post_ids))
    moment = np.full(len(all_posts), utc(when))
    logits: NDArray[np.float64] = theta @ _features(world, all_posts, moment).T
    return logits + explained[:, truth.topic] + _post_part(world, all_posts, moment)


def first_views(world: World) -> pl.DataFrame:
    """Views of posts that their users had not liked before, which alone say something; in order of user and time."""
    views = world.events.filter(pl.col(ACTION) == VIEW).sort(USER_ID, EVENT_TIME, maintain_order=True)
    liked_before = pl.col(LIKED).cum_sum().over(USER_ID, POST_ID) - pl.col(LIKED).cast(pl.UInt32) > 0
    return views.filter(~liked_before)


def explained_affinity(world: World) -> NDArray[np.float64]:
    """The part of each user's topic affinity that follows from the profile, in logits. (U, topics)"""
    settings = world.settings
    leaning = topic_affinity(np.random.default_rng(0), world.users, profile_share=1.0)  # no personal part, no chance
    explained: NDArray[np.float64] = leaning * settings.topic_strength * np.sqrt(settings.profile_share)
    return explained


def maximum_a_posteriori(
    features: NDArray[np.float64],  # (n, D)
    offsets: NDArray[np.float64],  # (n,)
    liked: NDArray[np.bool_],  # (n,)
    users: NDArray[np.int64],  # (n,) ascending
    count: int,
) -> NDArray[np.float64]:
    """The weights of each of `count` users under a standard normal prior: (count, D)."""
    ends = np.searchsorted(users, np.arange(count), side="right")
    starts = np.append(0, ends[:-1])
    lengths = ends - starts
    theta = np.zeros((count, features.shape[1]))
    order = np.argsort(lengths, kind="stable")  # users of like length share a batch, so that little is padding
    while order.size:
        size = max(1, min(len(order), BATCH_ROWS // max(1, int(lengths[order[-1]]))))
        batch, order = order[-size:], order[:-size]
        width = int(lengths[batch].max())
        filled = np.arange(width) < lengths[batch][:, None]  # (B, N)
        rows = np.where(filled, starts[batch][:, None] + np.arange(width), 0)
        theta[batch] = _newton(features[rows], offsets[rows], liked[rows], filled)
    return theta


def _newton(
    phi: NDArray[np.float64],  # (B, N, D)
    offsets: NDArray[np.float64],  # (B, N)
    liked: NDArray[np.bool_],  # (B, N)
    filled: NDArray[np.bool_],  # (B, N)
) -> NDArray[np.float64]:
    theta = np.zeros((len(phi), phi.shape[2]))
    prior = np.eye(phi.shape[2])
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-offsets - (phi @ theta[:, :, None])[:, :, 0]))
        gradient = ((filled * (liked - p))[:, None] @ phi)[:, 0] - theta
        hessian = (phi * (filled * p * (1 - p))[:, :, None]).transpose(0, 2, 1) @ phi + prior
        theta += np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
    return theta


def _features(world: World, posts: NDArray[np.int64], times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """φ of views of `posts` at `times`, both (n,): (n, 1 + topics + 2 · themes)."""
    truth, settings = world.truth, world.settings
    topics = np.eye(truth.affinity.shape[1]) * settings.topic_strength * np.sqrt(1 - settings.profile_share)
    meaning = truth.meaning[posts] * settings.text_strength
    turn = truth.turn_per_day * ((times - truth.starts_at) / DAY)[:, None]
    bias = np.full((len(posts), 1), settings.user_strength)
    return np.hstack([bias, topics[truth.topic[posts]], np.cos(turn) * meaning, np.sin(turn) * meaning])


def _post_part(world: World, posts: NDArray[np.int64], times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """What is the same for all users: bias, quality and the hour's effect. (n,)"""
    truth = world.truth
    hours = times.astype("datetime64[h]").astype(np.int64) % 24
    part = truth.quality[posts] + truth.hour_effect[hours, truth.topic[posts]]
    return np.asarray(part + truth.bias, dtype=np.float64)
