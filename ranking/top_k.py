"""The best k of each row of a score matrix, with one rule for ties."""

import numpy as np
from numpy.typing import NDArray

NOTHING = -1


def top_k(scores: NDArray[np.floating], k: int) -> NDArray[np.int64]:
    """Columns of the `k` highest scores of each row, best first: (n, P) -> (n, k).

    Equal scores go to the lower column first, also where a tie straddles the end of the list, so with columns in the
    order of post ids the lower id wins. A score of -inf or NaN is no candidate; places that stay empty hold -1.

    >>> top_k(np.array([[0.1, 0.9, 0.9, 0.5], [0.2, -np.inf, 0.2, np.nan]]), 3).tolist()
    [[1, 2, 3], [0, 2, -1]]
    """
    n, width = scores.shape
    if n == 1:  # a request, or an order of all posts
        row = scores[0]
        found = best_of(np.where(np.isnan(row), -np.inf, row), None, k)
        best = np.full((1, k), NOTHING, np.int64)
        best[0, : len(found)] = found
        return best
    best = np.full((n, k), NOTHING, np.int64)
    kept = min(k, width)
    if n == 0 or kept == 0:
        return best
    usable = np.where(np.isnan(scores), -np.inf, scores)
    last = np.partition(usable, width - kept, axis=1)[:, width - kept, None]  # (n, 1) score of the last place
    chosen = usable >= last
    if np.count_nonzero(chosen) > n * kept:  # scores as high as the last one are left out
        above, level = usable > last, usable == last
        room = kept - np.count_nonzero(above, axis=1, keepdims=True)
        chosen = above | (level & (np.cumsum(level, axis=1, dtype=np.int32) <= room))
    columns = (
        np.flatnonzero(chosen).reshape(n, kept) % width
    )  # ascending in each row, so a stable sort keeps ties by column
    values = np.take_along_axis(usable, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    ordered = np.take_along_axis(columns, order, axis=1)
    best[:, :kept] = np.where(np.take_along_axis(values, order, axis=1) == -np.inf, NOTHING, ordered)
    return best


def best_of(scores: NDArray[np.floating], rows: NDArray[np.int64] | None, k: int) -> NDArray[np.int64]:
    """Take the rows (m,) of the `k` highest scores (m,), best first, equal scores by row; none of -inf, and no NaN.

    Without rows, a score's place is its row.

    >>> best_of(np.array([0.5, 0.9, 0.5, -np.inf]), np.array([7, 8, 3, 1]), 4).tolist()
    [8, 3, 7]
    """
    if len(scores) > k:
        last = np.partition(scores, len(scores) - k)[len(scores) - k] if k else np.inf
        kept = np.flatnonzero(scores >= last)
        scores, rows = scores[kept], kept if rows is None else rows[kept]
    elif rows is None:
        rows = np.arange(len(scores))
    order = np.lexsort((rows, -scores))[:k]
    best: NDArray[np.int64] = rows[order[scores[order] > -np.inf]]
    return best
