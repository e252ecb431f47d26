"""A fresh post by chance at the end of a list, so that posts nobody knows get a first audience.

With probability ε the last post of a list gives its place to a fresh post, drawn evenly from the m fresh ones that the
user may be shown and that are not on the list. What is shown there had a known probability, its propensity:

    the post ranked last   1 - ε        each fresh post   ε / m

Every other place, and the last one where no fresh post is left to draw, shows its post with propensity 1. An inverse
propensity estimate (Horvitz and Thompson, 1952) can be made from it.

The draw is a hash of user, hour and seed: who asks again within the hour sees the same.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from core.hashing import hash_ids, splitmix64
from ranking.top_k import NOTHING


@dataclass(frozen=True)
class Explored:
    """Lists with their last places explored."""

    posts: NDArray[np.int64]  # (n, k)
    propensities: NDArray[np.float64]  # (n, k) NaN where there is no post
    users: NDArray[np.int64]  # (m,) rows of the lists that got a fresh post
    places: NDArray[np.int64]  # (m,) where it stands in each


def explore(
    lists: NDArray[np.int64],  # (n, k) posts best first, then -1
    fresh: NDArray[np.int64],  # (F,) ascending: fresh posts
    free: NDArray[np.bool_],  # (n, F) those that each user may be shown
    user_ids: NDArray[np.integer],  # (n,)
    when: datetime,
    probability: float,
    seed: int,
) -> Explored:
    """Explore at the last place of each list, with `probability`."""
    posts = lists.copy()
    propensities = np.where(lists == NOTHING, np.nan, 1.0)
    users, columns = np.nonzero(lists != NOTHING)
    open_to = free.copy()
    if len(fresh):
        posts_listed = lists[users, columns]
        places = np.minimum(np.searchsorted(fresh, posts_listed), len(fresh) - 1)
        listed = fresh[places] == posts_listed
        open_to[users[listed], places[listed]] = False
    count = np.count_nonzero(open_to, axis=1)
    last = np.count_nonzero(lists != NOTHING, axis=1) - 1
    explores = np.flatnonzero((probability > 0) & (count > 0) & (last >= 0))
    propensities[explores, last[explores]] = 1 - probability
    chance, choice = draw(user_ids, when, seed)
    drawn = explores[chance[explores] < probability]
    # the place of the post drawn among the open ones, counted from 0
    nth = np.minimum((choice[drawn] * count[drawn]).astype(np.int64), count[drawn] - 1)
    picked = np.argmax(np.cumsum(open_to[drawn], axis=1) > nth[:, None], axis=1) if len(drawn) else drawn
    posts[drawn, last[drawn]] = fresh[picked]
    propensities[drawn, last[drawn]] = probability / count[drawn]
    return Explored(posts, propensities, drawn, last[drawn])


def draw(user_ids: NDArray[np.integer], when: datetime, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw two numbers of [0, 1) for each user in the hour of `when` (UTC), (n,) each."""
    hour = np.array([when.toordinal() * 24 + when.hour], np.uint64)
    first = splitmix64(hash_ids(user_ids.astype(np.int64), seed) ^ splitmix64(hour))
    return _unit(first), _unit(splitmix64(first))


def _unit(hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53
