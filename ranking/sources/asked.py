"""What sources look at when some users ask, and the shape of what they bring."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.audience import Audience
from features.factor_model import PostFactors
from features.neighbours import neighbour_cells
from features.serving_state import ServingState
from ranking.index import Index
from ranking.shelf import Rows, View
from ranking.top_k import NOTHING, top_k

# n users times P posts: user · P + post, one number for each pair
Cells: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """n users of one arm, and the posts that they may be shown."""

    state: ServingState
    arm: str
    audience: Audience
    view: View
    hidden: Cells  # ascending: posts that a user may not be shown, beside those outside the view
    per_source: int
    index: Index | None = None  # of the arm's vectors, where there are too many to look at all

    @property
    def n(self) -> int:
        return len(self.audience)

    @property
    def width(self) -> int:
        return len(self.state.post_ids)

    @property
    def vectors(self) -> NDArray[np.float32]:
        return self.state.spaces[self.arm].vectors

    @property
    def post_factors(self) -> PostFactors:
        return self.state.post_factors[self.arm]

    @cached_property
    def enough(self) -> int:
        """So many of an order leave every user `per_source` of them, whatever is hidden."""
        if not len(self.hidden):
            return self.per_source
        return self.per_source + int(np.bincount(self.hidden // self.width).max())

    @cached_property
    def neighbours(self) -> tuple[Cells, NDArray[np.float32]]:
        """Cells with a neighbour of what the user liked, ascending, and their scores."""
        return neighbour_cells(self.state.neighbours, *self.audience.likes, self.n)

    def is_hidden(self, cells: Cells) -> NDArray[np.bool_]:
        """Which cells are in `hidden`."""
        if not len(self.hidden):
            return np.zeros(cells.shape, np.bool_)
        places = np.minimum(np.searchsorted(self.hidden, cells), len(self.hidden) - 1)
        found: NDArray[np.bool_] = self.hidden[places] == cells
        return found

    def cells(self, rows: Rows) -> Cells:
        """Lay posts (n, k) or (k,) out as cells (n, k)."""
        return np.arange(self.n)[:, None] * self.width + rows

    def first(self, order: Rows) -> Rows:
        """Take the first posts of an order (L,), each user's without what is hidden: (n, per_source)."""
        rows = np.broadcast_to(order[: self.enough], (self.n, min(self.enough, len(order))))
        return self.kept(rows)

    def kept(self, rows: Rows) -> Rows:
        """Of rows (n, L), best first, take each user's first without what is hidden: (n, per_source), then -1."""
        out = np.full((self.n, self.per_source), NOTHING, np.int64)
        free = (rows != NOTHING) & ~self.is_hidden(self.cells(rows))
        places = np.cumsum(free, axis=1) - 1
        users, columns = np.nonzero(free & (places < self.per_source))
        out[users, places[users, columns]] = rows[users, columns]
        return out

    def seen(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Set scores (n, P) of posts that a user may not be shown to -inf; the others stay."""
        out: NDArray[np.float32] = scores + self.view.barrier
        out.reshape(-1)[self.hidden] = -np.inf
        return out

    def best(self, scores: NDArray[np.float32]) -> Rows:
        """Take the posts with the highest scores (n, P): (n, per_source), then -1."""
        return top_k(self.seen(scores), self.per_source)
