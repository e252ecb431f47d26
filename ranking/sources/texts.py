"""Posts that read like those the user liked, in the arm's text space."""

import numpy as np
from numpy.typing import NDArray

from ranking.sources.evidence import Evidence


def scores(known: Evidence) -> NDArray[np.float32]:
    """Cosine to the mean of the posts liked, (n, P)."""
    alike = known.pair("pair_liked_similarity")
    return np.where(alike > 0, alike, np.float32(-np.inf))
