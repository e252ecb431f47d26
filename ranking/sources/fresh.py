"""The newest posts, which nobody has had time to like yet. One that nobody was shown is the newest of all."""

import numpy as np
from numpy.typing import NDArray

from ranking.sources.evidence import Evidence


def scores(known: Evidence) -> NDArray[np.float32]:
    """Minus the days since the post was first shown, (1, P), for posts younger than `ranking.fresh_for`."""
    age = np.nan_to_num(known.post("post_age_days"), nan=0.0)
    return np.where(age <= known.fresh_days, -age, np.float32(-np.inf))[None]
