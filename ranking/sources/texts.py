"""Posts that read like those the user liked, in the arm's text space."""

import numpy as np

from ranking.shelf import Rows
from ranking.sources.asked import Asked


def bring(asked: Asked) -> Rows:
    """Posts by the cosine of their text to the mean of those liked, where it is above 0."""
    if asked.index is not None and asked.view.whole:
        return asked.kept(asked.index.alike(asked.audience, asked.enough))
    vectors = asked.state.spaces[asked.arm].vectors
    return asked.best(np.matmul(asked.audience.liked, vectors.T, out=asked.sheet), above=0)
