"""What is recommended, and what is asked for: posts best first, for one user or for many."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ranking.candidates import Candidates
from ranking.sources.asked import Cells


@dataclass(frozen=True)
class PostList:
    """Posts best first, with the number each was ranked by."""

    post_ids: NDArray[np.int64]  # (k,)
    scores: NDArray[np.float32]  # (k,)


@dataclass(frozen=True)
class Recommendations(PostList):
    """Posts for one user, with where each came from and how probable it was to be shown at its place."""

    sources: list[str]  # k of SOURCE_NAMES
    propensities: NDArray[np.float64]  # (k,) 1 where nothing is left to chance


class Wanted(NamedTuple):
    """What a request wants beside the user's best."""

    topic: int | None = None  # only posts of this one, by its place in the state's topics
    exclude: Cells | None = None  # rows of posts that are not wanted


EVERYTHING: Final = Wanted()


class Lists(NamedTuple):
    """Lists of n users, each (n, limit); a place without a post holds -1, NaN, 0 and NaN."""

    posts: NDArray[np.int64]  # rows of posts, best first
    scores: NDArray[np.float32]
    sources: NDArray[np.uint8]  # places in SOURCE_NAMES
    propensities: NDArray[np.float64]


class Brought(NamedTuple):
    """What n users are to be served with in one arm."""

    candidates: Candidates
    lists: Lists
