"""Posts liked by those who liked the same: BM25 item-item neighbours, see `features.neighbours`."""

import numpy as np

from ranking.shelf import Rows
from ranking.sources.asked import Asked
from ranking.top_k import NOTHING


def bring(asked: Asked) -> Rows:
    """Posts by the sum of their similarities to those that the user liked."""
    cells, scores = asked.neighbours
    users, posts = np.divmod(cells, asked.width)
    usable = (scores > 0) & asked.view.allowed[posts] & ~asked.is_hidden(cells)
    if asked.n == 1 and np.count_nonzero(usable) > asked.per_source:  # one user's need not all be sorted
        last = np.partition(scores[usable], -asked.per_source)[-asked.per_source]
        usable &= scores >= last
    users, posts, scores = users[usable], posts[usable], scores[usable]
    order = np.lexsort((posts, -scores, users))
    users, posts = users[order], posts[order]
    places = np.arange(len(users)) - np.searchsorted(users, users)
    out = np.full((asked.n, asked.per_source), NOTHING, np.int64)
    listed = places < asked.per_source
    out[users[listed], places[listed]] = posts[listed]
    return out
