"""What does best in the topics that the user likes; for a user nobody has seen, in those that everybody likes."""

import numpy as np

from features.catalog import TOPIC_PAIR
from ranking.shelf import Rows
from ranking.sources.asked import Asked
from ranking.top_k import NOTHING, best_of, top_k

LIKE_RATE = [spec.name for spec in TOPIC_PAIR].index("pair_topic_like_rate")


def bring(asked: Asked) -> Rows:
    """Posts by the user's like rate in their topic, times how they do within it."""
    rate = asked.audience.topics[:, :, LIKE_RATE]  # (n, T)
    # the best of all are among the best of each topic
    posts = asked.view.topics[:, : asked.enough]  # (T, L)
    if asked.n == 1:
        scores = rate[0, :, None] * asked.shelf.within_topic[posts]
        scores[(posts == NOTHING) | asked.is_hidden(posts)] = -np.inf
        return asked.listed(best_of(scores.ravel(), posts.ravel(), asked.per_source))
    columns = posts[posts != NOTHING]
    order = np.argsort(columns)  # ties go by post
    columns, standing = columns[order], np.nonzero(posts != NOTHING)[1][order]
    scores = rate[:, asked.state.posts.topic_rows[columns]] * asked.shelf.within_topic[columns]  # (n, C)
    # of each topic as many as if the user were alone: a list must not depend on who else asks
    scores[standing >= asked.per_source + asked.hidden_of[:, None]] = -np.inf
    scores[asked.is_hidden(asked.cells(columns))] = -np.inf
    return np.append(columns, NOTHING)[top_k(scores, asked.per_source)]  # the last where nothing is left
