"""Posts that the factor model scores best for the user: its taste, the profile's prior and the post's quality."""

import numpy as np

from ranking.shelf import Rows, model_queries
from ranking.sources.asked import Asked


def bring(asked: Asked) -> Rows:
    """Posts by the model's log-odds of a like."""
    weight = asked.state.post_factors[asked.arm].profile_weight
    if asked.index is not None and asked.view.whole:
        return asked.kept(asked.index.promising(asked.audience, weight, asked.enough))
    queries = model_queries(asked.audience, weight)
    return asked.best(np.matmul(queries, asked.shelf.model(asked.arm).T, out=asked.sheet))
