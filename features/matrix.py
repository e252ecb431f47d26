"""The ranker's input matrix, from user features, post features and a text space.

`rows_matrix` gathers one row for each (user, post, time) of a training set; `fill_users` fills the rows of all posts
for the requests of some users. Both write the same columns in the catalogue's order; a test holds them equal.
"""

import numpy as np
from numpy.typing import NDArray

from features.as_of import PostFeatures, UserFeatures
from features.audience import Audience
from features.catalog import PERSONAL, Layout
from features.factor_model import PostFactors
from features.text_space import TextSpace

GATHERED_PAIRS = 1 << 10  # whose vectors lie side by side at once: half a megabyte, which stays in the cache


def rows_matrix(
    layout: Layout,
    users: UserFeatures,
    arm: str,
    user_rows: NDArray[np.int64],  # (n,)
    posts: PostFeatures,
    post_rows: NDArray[np.int64],  # (n,)
    space: TextSpace,
    base: NDArray[np.float32],  # (n, 3)
    hours: NDArray[np.float32],  # (n,)
    weekdays: NDArray[np.float32],  # (n,)
    neighbours: NDArray[np.float32],  # (n,) scores of the post by what its user liked
) -> NDArray[np.float32]:
    """Gather (n, F): row i is user key `user_rows[i]` meeting post key `post_rows[i]`."""
    groups = layout.slices
    of_space = posts.post_rows[post_rows]
    out = np.empty((len(layout.names), len(user_rows)), dtype=np.float32).T  # columns contiguous, as CatBoost reads
    out[:, groups["user"]] = users.values[user_rows]
    out[:, groups["post"]] = posts.values[post_rows]
    pair = out[:, groups["pair"]]
    pair[:, :2] = users.topics[user_rows, posts.topic_rows[post_rows]]
    vectors = space.vectors[of_space]
    pair[:, 2] = np.einsum("nd,nd->n", users.liked[arm][user_rows], vectors)
    pair[:, 3] = neighbours
    out[:, groups["base"]] = base
    request = out[:, groups["request"]]
    request[:, 0] = hours
    request[:, 1] = weekdays
    return out


def post_template(layout: Layout, posts: PostFeatures) -> NDArray[np.float32]:
    """(F, P) with the columns that are the same for every user filled, the others zero."""
    groups = layout.slices
    out = np.zeros((len(layout.names), len(posts.post_rows)), dtype=np.float32)
    out[groups["post"]] = posts.values.T
    return out


def personal_features(
    audience: Audience,
    topic_rows: NDArray[np.int64],  # (P,)
    vectors: NDArray[np.float32],  # (P, dims)
    neighbours: NDArray[np.float32],  # (n, P) scores of posts by what the users liked
    of_posts: PostFactors,
) -> NDArray[np.float32]:
    """Compute the pair and base features of n users and all posts: (columns, n, P) in the catalogue's order.

    Products are made user by user, so that no bit of them depends on who else is there.
    """
    out = np.empty((len(PERSONAL), len(audience), len(topic_rows)), dtype=np.float32)
    out[:2] = audience.topics[:, topic_rows].transpose(2, 0, 1)
    np.matmul(audience.liked[:, None], vectors.T, out=out[2][:, None])
    out[3] = neighbours
    out[4] = of_posts.profile_weight * audience.prior[:, topic_rows]
    out[5] = of_posts.quality
    np.matmul(audience.factors[:, None], of_posts.factors.T, out=out[6][:, None])
    return out


def pair_features(
    audience: Audience,
    owners: NDArray[np.int64],  # (m,) which of the n users
    posts: NDArray[np.int64],  # (m,) which post
    topic_rows: NDArray[np.int64],  # (P,)
    vectors: NDArray[np.float32],  # (P, dims)
    neighbours: NDArray[np.float32],  # (m,) scores of the pairs by what the users liked
    of_posts: PostFactors,
) -> NDArray[np.float32]:
    """Compute the same for m pairs, (columns, m). A pair's numbers do not depend on the others, to the last bit."""
    out = np.empty((len(PERSONAL), len(posts)), dtype=np.float32)
    topic = topic_rows.take(posts)
    if len(audience) == 1:  # a request: nothing of the user need be gathered
        out[:2] = audience.topics[0].T.take(topic, axis=1)
        prior = audience.prior[0].take(topic)
    else:
        cells = owners * audience.prior.shape[1] + topic
        by_feature = np.ascontiguousarray(audience.topics.reshape(-1, audience.topics.shape[2]).T)
        by_feature.take(cells, axis=1, out=out[:2], mode="clip")
        prior = audience.prior.ravel().take(cells)
    _products(audience.liked, owners, vectors, posts, out[2])
    out[3] = neighbours
    np.multiply(of_posts.profile_weight, prior, out=out[4])
    out[5] = of_posts.quality.take(posts)
    _products(audience.factors, owners, of_posts.factors, posts, out[6])
    return out


def fill_users(
    out: NDArray[np.float32],  # (F, n, P) holding the template, whatever users were filled in before
    layout: Layout,
    audience: Audience,
    personal: NDArray[np.float32],  # (columns, n, P)
    hour: int,
    weekday: int,
) -> None:
    """Fill the columns of n users at one moment into `out`, for all posts.

    Features come first, rows last: CatBoost reads such a matrix column by column where it lies, without copying it.
    """
    groups = layout.slices
    out[groups["user"]] = audience.values.T[:, :, None]
    out[groups["personal"]] = personal
    out[groups["request"]] = np.array([hour, weekday])[:, None, None]


def fill_pairs(
    of_posts: NDArray[np.float32],  # (post features, P)
    layout: Layout,
    audience: Audience,
    owners: NDArray[np.int64],  # (m,)
    posts: NDArray[np.int64],  # (m,)
    personal: NDArray[np.float32],  # (columns, m) as `pair_features` gives them
    hour: int,
    weekday: int,
) -> NDArray[np.float32]:
    """Fill (F, m): some pairs of users and posts at one moment, in the order that `fill_users` has."""
    groups = layout.slices
    out = np.empty((len(layout.names), len(posts)), dtype=np.float32)
    if len(audience) == 1:
        out[groups["user"]] = audience.values.T
    else:
        np.ascontiguousarray(audience.values.T).take(owners, axis=1, out=out[groups["user"]], mode="clip")
    np.take(of_posts, posts, axis=1, out=out[groups["post"]], mode="clip")
    out[groups["personal"]] = personal
    request = out[groups["request"]]
    request[0], request[1] = hour, weekday
    return out


def base_scores(layout: Layout, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The log-odds that a ranker starts from: the sum of the base columns of an (n, F) matrix, (n,)."""
    base = matrix[:, layout.slices["base"]]
    return base[:, 0] + base[:, 1] + base[:, 2]


def _products(
    of_users: NDArray[np.float32],  # (n, d)
    owners: NDArray[np.int64],  # (m,)
    of_posts: NDArray[np.float32],  # (P, d)
    posts: NDArray[np.int64],  # (m,)
    out: NDArray[np.float32],  # (m,)
) -> None:
    """Multiply each pair's two vectors; the sums go the same way whether one user asks or many."""
    if len(of_users) == 1:
        np.einsum("d,md->m", of_users[0], of_posts.take(posts, axis=0), out=out)
        return
    for start in range(0, len(posts), GATHERED_PAIRS):
        part = slice(start, start + GATHERED_PAIRS)
        np.einsum("md,md->m", of_users.take(owners[part], axis=0), of_posts.take(posts[part], axis=0), out=out[part])
