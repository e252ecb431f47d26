"""The best k of each row of a score matrix, with one rule for ties."""

import numpy as np
from numpy.typing import NDArray

from features.likes import entries_of

NOTHING = -1
# for each place of a list: with four, some 15 % more scores than places are looked at twice
GROUPS = 4


def top_k(scores: NDArray[np.floating], k: int, above: float = -np.inf) -> NDArray[np.int64]:
    """Columns of the `k` highest scores of each row, best first: (n, P) -> (n, k).

    Equal scores go to the lower column first, also where a tie straddles the end of the list, so with columns in the
    order of post ids the lower id wins. A score that is not `above` that number, or NaN, is no candidate; places that
    stay empty hold -1.

    >>> top_k(np.array([[0.1, 0.9, 0.9, 0.5], [0.2, -np.inf, 0.2, np.nan]]), 3).tolist()
    [[1, 2, 3], [0, 2, -1]]
    """
    n, width = scores.shape
    best = np.full((n, k), NOTHING, np.int64)
    if n == 1:  # a request, or an order of all posts
        row = scores[0]
        found = best_of(np.where(row > above, row, -np.inf), None, k)
        best[0, : len(found)] = found
        return best
    kept = min(k, width)
    if n == 0 or kept == 0:
        return best
    least = np.nextafter(scores.dtype.type(above), scores.dtype.type(np.inf))
    chosen = scores >= np.maximum(_reached_by(scores, kept), least)[:, None]
    owners, columns = np.divmod(np.flatnonzero(chosen), width)
    counts = np.bincount(owners, minlength=n)
    places = entries_of(np.zeros_like(counts), counts)
    values = np.full((n, max(kept, int(counts.max()))), -np.inf, scores.dtype)  # a row's choice, from the left
    rows = np.full(values.shape, NOTHING, np.int64)
    values[owners, places], rows[owners, places] = scores[owners, columns], columns
    order = np.argsort(-values, axis=1, kind="stable")[:, :kept]  # columns ascend in a row: ties stay by column
    best[:, :kept] = np.take_along_axis(rows, order, axis=1)
    return best


def _reached_by(scores: NDArray[np.floating], k: int) -> NDArray[np.floating]:
    """Find a number for each row that at least `k` of its scores reach, and few more: (n,).

    Columns are dealt to several times `k` groups; the k-th highest of the groups' highest scores is such a number. That
    takes one pass over the scores where sorting out the k-th highest of all takes several.
    """
    groups = GROUPS * k
    rounds = scores.shape[1] // groups
    if rounds > 1:
        scores = np.fmax.reduce(scores[:, : rounds * groups].reshape(len(scores), rounds, groups), axis=1)
    usable = np.where(np.isnan(scores), -np.inf, scores)
    width = usable.shape[1]
    of_last: NDArray[np.floating] = np.partition(usable, width - k, axis=1)[:, width - k]
    return of_last


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
