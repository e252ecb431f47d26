"""Posts liked by those who liked the same: BM25 item-item neighbours, see `features.neighbours`."""

import numpy as np
from numpy.typing import NDArray

from ranking.sources.evidence import Evidence


def scores(known: Evidence) -> NDArray[np.float32]:
    """Sum the similarities to the posts liked, (n, P)."""
    near = known.pair("pair_neighbours")
    return np.where(near > 0, near, np.float32(-np.inf))
