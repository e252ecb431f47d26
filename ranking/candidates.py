"""Which posts a ranker scores: the best of every source.

A post that several sources bring is told to come from the one where it stands highest, and from the first of `SOURCES`
where it stands equally high.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ranking.sources import SOURCES
from ranking.sources.evidence import Evidence
from ranking.top_k import NOTHING, top_k

ALL_POSTS: Final = "all posts"  # brought by no source: found by scoring every eligible post
EXPLORATION: Final = "exploration"  # drawn by chance, see `ranking.exploration`
# what the numbers in `candidates` mean
SOURCE_NAMES: Final = (ALL_POSTS, *SOURCES, EXPLORATION)


def candidates(known: Evidence, excluded: NDArray[np.bool_], per_source: int) -> NDArray[np.uint8]:
    """Find the source of each candidate, as its place in `SOURCE_NAMES`: (n, P), 0 for a post that is none.

    Args:
        known: what the sources look at.
        excluded: (n, P) posts that a user may not be shown.
        per_source: how many posts each source brings to a user at most.
    """
    n, width = known.shape
    source = np.zeros((n, width), np.uint8)
    standing = np.full((n, width), min(per_source, width), np.int64)
    users = np.arange(n)[:, None]
    for number, scores in enumerate((scores(known) for scores in SOURCES.values()), start=1):
        if not (scores > -np.inf).any():
            continue  # the source has nothing to bring
        best = top_k(np.where(excluded, -np.inf, scores), min(per_source, width))  # (n, k)
        places = np.broadcast_to(np.arange(best.shape[1]), best.shape)
        higher = (best != NOTHING) & (places < standing[users, best])
        rows, columns = np.broadcast_to(users, best.shape)[higher], best[higher]
        source[rows, columns] = number
        standing[rows, columns] = places[higher]
    return source


def sources_of(
    known: Evidence, excluded: NDArray[np.bool_], shown: NDArray[np.int64], per_source: int
) -> NDArray[np.uint8]:
    """Find the sources of a few posts, `shown` (n, k), -1 for none: what `candidates` has for them, without the others.

    A post's place with a source is the number of posts ahead of it, so nothing need be sorted.
    """
    source = np.zeros(shown.shape, np.uint8)
    standing = np.full(shown.shape, per_source)
    columns = np.arange(known.shape[1])
    for number, scores in enumerate((scores(known) for scores in SOURCES.values()), start=1):
        usable = np.where(excluded, -np.inf, scores)
        mine = np.take_along_axis(usable, shown, axis=1)
        ahead = usable[:, None] > mine[:, :, None]  # (n, k, P)
        ahead |= (usable[:, None] == mine[:, :, None]) & (columns < shown[:, :, None])
        place = np.count_nonzero(ahead, axis=2)
        higher = (place < standing) & (mine > -np.inf) & (shown != NOTHING)
        source[higher] = number
        standing[higher] = place[higher]
    return source
