"""How much of the exhaustive answer is in the staged one?"""

from datetime import datetime
from pathlib import Path

import numpy as np

from core.columns import ARMS
from core.settings import RankingSettings
from ranking.recommender import Recommender

TOP = 5


def overlaps(folder: Path, users: int, when: datetime) -> dict[str, float]:
    """Mean share of the exhaustive top five that is in the staged one, by arm, over some users of a snapshot."""
    staged = Recommender.open(folder)
    every = Recommender.open(folder, ranking=RankingSettings(candidates_per_source=0))
    rows = np.sort(np.random.default_rng(0).permutation(len(staged.state.user_ids))[:users])
    shares = {}
    for arm in ARMS:
        ours, best = staged.rank(arm, rows, when, TOP).posts, every.rank(arm, rows, when, TOP).posts
        shares[arm] = float((ours[:, :, None] == best[:, None, :]).any(axis=2).mean())
    return shares
