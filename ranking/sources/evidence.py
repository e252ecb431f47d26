"""What sources may look at: features of posts and pairs, as the ranker sees them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.catalog import BASE, PERSONAL, POST

PAIR_PLACES = {spec.name: place for place, spec in enumerate(PERSONAL)}
POST_PLACES = {spec.name: place for place, spec in enumerate(POST)}


@dataclass(frozen=True)
class Evidence:
    """Of n users and P posts."""

    pairs: NDArray[np.float32]  # (pair and base features, n, P)
    posts: NDArray[np.float32]  # (P, post features)
    fresh_days: float  # a post younger than this is fresh

    def pair(self, name: str) -> NDArray[np.float32]:
        """Give one pair feature, (n, P)."""
        values: NDArray[np.float32] = self.pairs[PAIR_PLACES[name]]
        return values

    @property
    def base(self) -> NDArray[np.float32]:
        """Give the score that the ranker starts from, (n, P)."""
        first = PAIR_PLACES[BASE[0].name]
        total: NDArray[np.float32] = self.pairs[first : first + len(BASE)].sum(axis=0)
        return total

    def post(self, name: str) -> NDArray[np.float32]:
        """Give one post feature, (P,)."""
        return self.posts[:, POST_PLACES[name]]

    @cached_property
    def shape(self) -> tuple[int, int]:
        return self.pairs.shape[1], self.pairs.shape[2]
