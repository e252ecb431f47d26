"""Which posts a ranker scores: the best of every source.

A post that several sources bring is told to come from the one where it stands highest, and from the first of `SOURCES`
where it stands equally high.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ranking.shelf import Rows
from ranking.sources import SAME_IN_ALL_ARMS, SOURCES
from ranking.sources.asked import Asked, Cells
from ranking.top_k import NOTHING

ALL_POSTS: Final = "all posts"  # brought by no source: found by scoring every eligible post
EXPLORATION: Final = "exploration"  # drawn by chance, see `ranking.exploration`
# what the numbers in `candidates` mean
SOURCE_NAMES: Final = (ALL_POSTS, *SOURCES, EXPLORATION)


class Candidates(NamedTuple):
    """What the sources bring to n users."""

    cells: Cells  # (m,) user · P + post, ascending: each pair once
    sources: NDArray[np.uint8]  # (m,) places in `SOURCE_NAMES`

    def and_also(self, cells: Cells, source: int) -> "Candidates":
        """Add the same further posts for every user: cells (n, k) of a source, none of them here yet."""
        together = np.concatenate([self.cells, cells.ravel()])
        sources = np.concatenate([self.sources, np.full(cells.size, source, np.uint8)])
        order = np.argsort(together, kind="stable")
        return Candidates(together[order], sources[order])

    def source_of(self, cells: Cells) -> NDArray[np.uint8]:
        """Tell the source of some pairs, 0 for those that none brought."""
        if not len(self.cells):
            return np.zeros(cells.shape, np.uint8)
        places = np.minimum(np.searchsorted(self.cells, cells), len(self.cells) - 1)
        return np.where(self.cells[places] == cells, self.sources[places], np.uint8(0))


def candidates(asked: Asked, same: dict[str, Rows] | None = None) -> Candidates:
    """Find the posts that the sources bring to each user, and where each stands highest.

    `same` takes what sources bring that know nothing of arms, for when the same users are looked up in the other one.
    """
    lists = dict(same or {})
    for name, bring in SOURCES.items():
        if name not in lists:
            lists[name] = bring(asked)
    if same is not None:
        same.update((name, lists[name]) for name in SAME_IN_ALL_ARMS)
    brought = np.stack([lists[name] for name in SOURCES], axis=2)  # (n, per_source, sources)
    # one number orders them by user, post, standing and source: the flat place of (standing, source) breaks ties
    ranks = brought.shape[1] * brought.shape[2]
    standing = np.arange(ranks).reshape(brought.shape[1:])
    cells = asked.cells(brought.reshape(asked.n, -1)).reshape(brought.shape)
    found = np.sort((cells * ranks + standing)[brought != NOTHING])
    cells, standings = np.divmod(found, ranks)
    first = np.ones(len(cells), np.bool_)
    first[1:] = cells[1:] != cells[:-1]
    return Candidates(cells[first], (standings[first] % brought.shape[2] + 1).astype(np.uint8))
