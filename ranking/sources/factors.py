"""Posts that the factor model scores best for the user: its taste, the profile's prior and the post's quality."""

import numpy as np
from numpy.typing import NDArray

from ranking.sources.evidence import Evidence


def scores(known: Evidence) -> NDArray[np.float32]:
    """Give the model's log-odds of a like, (n, P)."""
    return known.base
