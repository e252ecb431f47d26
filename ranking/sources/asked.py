"""What sources look at when some users ask, and the shape of what they bring."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.audience import Audience
from features.neighbours import NeighbourScores
from features.serving_state import ServingState
from ranking.index import Index
from ranking.shelf import Rows, Shelf, View
from ranking.top_k import NOTHING, best_of, top_k

# n users times P posts: user · P + post, one number for each pair
Cells: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """n users of one arm, and the posts that they may be shown."""

    state: ServingState
    shelf: Shelf
    arm: str
    audience: Audience
    view: View
    hidden: Cells  # posts that a user may not be shown, beside those outside the view
    per_source: int
    index: Index | None = None  # of the arm's vectors, where there are too many to look at all
    near: NeighbourScores | None = None  # `neighbours`, where they are known already
    sheet: NDArray[np.float32] | None = None  # (n, P) for scores: megabytes of new memory cost more than filling them

    @property
    def n(self) -> int:
        return len(self.audience)

    @property
    def width(self) -> int:
        return len(self.state.post_ids)

    @cached_property
    def enough(self) -> int:
        """So many of an order leave every user `per_source` of them, whatever is hidden."""
        if self.n == 1:
            return self.per_source + len(self.hidden)
        return self.per_source + int(self.hidden_of.max(initial=0))

    @cached_property
    def neighbours(self) -> NeighbourScores:
        """Scores of posts by what the users liked."""
        if self.near is not None:
            return self.near
        return NeighbourScores.of(self.state.neighbours, *self.audience.likes, self.n)

    @cached_property
    def hidden_of(self) -> NDArray[np.int64]:
        """How many posts are hidden from each user, (n,)."""
        return np.bincount(self.hidden // self.width, minlength=self.n)

    @cached_property
    def _mask(self) -> NDArray[np.bool_]:
        mask = np.zeros(self.n * self.width, np.bool_)
        mask[self.hidden] = True
        return mask

    def is_hidden(self, cells: Cells) -> NDArray[np.bool_]:
        """Which cells are hidden from their user."""
        return self._mask[cells]

    def cells(self, rows: Rows) -> Cells:
        """Lay posts (n, k) or (k,) out as cells (n, k)."""
        return rows[None] if self.n == 1 and rows.ndim == 1 else np.arange(self.n)[:, None] * self.width + rows

    def listed(self, rows: Rows) -> Rows:
        """Lay one user's posts (k,) out as a list (1, per_source)."""
        out = np.full((1, self.per_source), NOTHING, np.int64)
        out[0, : len(rows)] = rows
        return out

    def first(self, order: Rows) -> Rows:
        """Take the first posts of an order (L,), each user's without what is hidden: (n, per_source)."""
        rows = order[: self.enough]
        if self.n == 1:
            return self.listed(rows[~self._mask[rows]][: self.per_source])
        return self.kept(np.broadcast_to(rows, (self.n, len(rows))))

    def kept(self, rows: Rows) -> Rows:
        """Of rows (n, L), best first, take each user's first without what is hidden: (n, per_source), then -1."""
        out = np.full((self.n, self.per_source), NOTHING, np.int64)
        free = (rows != NOTHING) & ~self.is_hidden(np.maximum(self.cells(rows), 0))
        places = np.cumsum(free, axis=1) - 1
        users, columns = np.nonzero(free & (places < self.per_source))
        out[users, places[users, columns]] = rows[users, columns]
        return out

    def seen(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Set scores (n, P) of posts that a user may not be shown to -inf; the others stay."""
        out: NDArray[np.float32] = np.add(scores, self.view.barrier, order="C")  # or the next line would change a copy
        out.reshape(-1)[self.hidden] = -np.inf
        return out

    def best(self, scores: NDArray[np.float32], above: float = -np.inf) -> Rows:
        """Take the posts with the highest scores (n, P) above a number: (n, per_source), then -1.

        The scores are changed: whoever needs them afterwards gives a copy.
        """
        if self.n == 1:
            seen = self.seen(scores)[0]
            return self.listed(best_of(np.where(seen > above, seen, np.float32(-np.inf)), None, self.per_source))
        if self.view.count < self.width:
            scores += self.view.barrier
        scores.reshape(-1)[self.hidden] = -np.inf
        return top_k(scores, self.per_source, above)
