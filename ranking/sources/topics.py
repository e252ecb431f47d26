"""What does best in the topics that the user likes; for a user nobody has seen, in those that everybody likes."""

import numpy as np

from features.catalog import TOPIC_PAIR
from ranking.shelf import Rows
from ranking.sources.asked import Asked
from ranking.top_k import NOTHING, best_of, top_k

LIKE_RATE = [spec.name for spec in TOPIC_PAIR].index("pair_topic_like_rate")


def bring(asked: Asked) -> Rows:
    """Posts by the user's like rate in their topic, times how they do within it."""
    rows = asked.view.topics[:, : asked.enough]  # (T, L); the best of all are among the best of each topic
    rate = asked.audience.topics[:, :, LIKE_RATE]  # (n, T)
    scores = rate[:, :, None] * np.maximum(asked.view.within_topic[:, : asked.enough], 0)  # (n, T, L)
    scores[:, rows == NOTHING] = -np.inf
    scores[np.isnan(scores)] = -np.inf
    flat, posts = scores.reshape(asked.n, rows.size), rows.reshape(-1)
    flat[asked.is_hidden(asked.cells(posts))] = -np.inf
    if asked.n == 1:
        return asked.listed(best_of(flat[0], posts, asked.per_source))
    # ties by post, as everywhere
    order = np.argsort(posts, kind="stable")
    best = top_k(flat[:, order], asked.per_source)
    return np.where(best == NOTHING, NOTHING, posts[order][best]) if rows.size else best
