"""What everybody likes at present."""

import numpy as np
from numpy.typing import NDArray

from ranking.sources.evidence import Evidence


def scores(known: Evidence) -> NDArray[np.float32]:
    """Like rate of the post, older views counting less, (1, P); the half-life is `ranking.popularity_half_life`."""
    return known.post("post_like_rate_decayed")[None]
