"""Posts liked by those who liked the same: BM25 item-item neighbours, see `features.neighbours`."""

import numpy as np

from ranking.shelf import Rows
from ranking.sources.asked import Asked
from ranking.top_k import NOTHING, best_of


def bring(asked: Asked) -> Rows:
    """Posts by the sum of their similarities to those that the user liked."""
    near = asked.neighbours
    if near.cells is None:
        scores = near.values.reshape(asked.n, asked.width)
        return asked.best(np.positive(scores, out=asked.sheet), above=0)
    cells, scores = near.cells, near.values
    usable = ~asked.is_hidden(cells)
    cells, scores = cells[usable], scores[usable]
    if asked.n == 1:
        return asked.listed(best_of(scores + asked.view.barrier[cells], cells, asked.per_source))
    users, posts = np.divmod(cells, asked.width)
    usable = asked.view.allowed[posts]
    users, posts, scores = users[usable], posts[usable], scores[usable]
    order = np.lexsort((posts, -scores, users))
    users, posts = users[order], posts[order]
    places = np.arange(len(users)) - np.searchsorted(users, users)
    out = np.full((asked.n, asked.per_source), NOTHING, np.int64)
    listed = places < asked.per_source
    out[users[listed], places[listed]] = posts[listed]
    return out
