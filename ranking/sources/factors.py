"""Posts that the factor model scores best for the user: its taste, the profile's prior and the post's quality."""

import numpy as np

from ranking.shelf import Rows
from ranking.sources.asked import Asked


def bring(asked: Asked) -> Rows:
    """Posts by the model's log-odds of a like."""
    if asked.index is not None and asked.view.whole:
        return asked.kept(asked.index.favourites(asked.audience, asked.enough))
    model = asked.post_factors
    odds = asked.audience.factors @ model.factors.T
    odds += model.quality
    odds += np.take(model.profile_weight * asked.audience.prior, asked.state.posts.topic_rows, axis=1)
    return asked.best(odds)
