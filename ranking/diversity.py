"""Lists whose posts differ from each other: a re-rank of the best posts, and two measures of how varied a list is.

Maximal marginal relevance (Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents
and Producing Summaries", SIGIR 1998) fills a list place by place. With R the candidates and S those already chosen,
the next one is

    argmax_{i in R, not in S}  λ · rel(i) - (1 - λ) · max_{j in S} cos(i, j),    λ = 1 - diversity

where rel(i) is the post's score over that of the user's best post, so that one setting means the same for people who
like much and people who like little, and cos is the cosine in the arm's text space. The best post therefore stays
first, and a shorter list is the beginning of a longer one.
"""

import numpy as np
from numpy.typing import NDArray

from ranking.top_k import NOTHING

# posts by score that a list is chosen from: as many as a request may ask for, so that no `limit` changes the order
CANDIDATES = 100
# of candidates' vectors gathered at once
CHUNK_BYTES = 32 * 2**20


def rerank(
    candidates: NDArray[np.int64],  # (n, m) places of posts, best first, then -1
    scores: NDArray[np.floating],  # (n, m) above zero
    vectors: NDArray[np.float32],  # (P, dims) unit length, or zero for a post without a text
    limit: int,
    diversity: float,
) -> NDArray[np.int64]:
    """Choose `limit` of each row's candidates by maximal marginal relevance: (n, limit), -1 where none is left.

    `diversity` is from 0 (order of scores) to 1 (after the best post, always the one least like those chosen). Equal
    values go to the candidate that stands first, which is the one with the better score or the lower id.
    """
    n, m = candidates.shape
    chosen = np.full((n, limit), NOTHING, np.int64)
    if m == 0:
        return chosen
    step = max(1, CHUNK_BYTES // (m * vectors.shape[1] * vectors.itemsize))
    for start in range(0, n, step):
        part = slice(start, start + step)
        chosen[part] = _rerank(candidates[part], scores[part], vectors, limit, diversity)
    return chosen


def _rerank(
    candidates: NDArray[np.int64],
    scores: NDArray[np.floating],
    vectors: NDArray[np.float32],
    limit: int,
    diversity: float,
) -> NDArray[np.int64]:
    n, m = candidates.shape
    rows = np.arange(n)
    mine = vectors[candidates]  # (n, m, dims); what stands at -1 is never looked at
    free = candidates != NOTHING
    relevance = (1 - diversity) * np.where(free, scores, 0) / np.where(free[:, :1], scores[:, :1], 1)
    nearest = np.full((n, m), -np.inf, np.float32)  # cosine to the nearest post chosen so far
    chosen = np.full((n, limit), NOTHING, np.int64)
    pick = np.zeros(n, np.int64)
    for place in range(min(limit, m)):
        chosen[:, place] = np.where(free[rows, pick], candidates[rows, pick], NOTHING)
        free[rows, pick] = False
        # summed post by post, so that a user's list does not depend on who else is in the batch
        np.maximum(nearest, np.einsum("nmd,nd->nm", mine, mine[rows, pick]), out=nearest)
        pick = np.where(free, relevance - diversity * nearest, -np.inf).argmax(axis=1)
    return chosen


def intra_list_distance(lists: NDArray[np.int64], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean of 1 - cosine over the pairs of each list's posts (n,); NaN for a list of fewer than two.

    Source: Smyth and McClave, "Similarity vs. Diversity", ICCBR 2001, eq. 2.

    >>> vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    >>> intra_list_distance(np.array([[0, 1, 2], [0, 1, -1]]), vectors).round(2).tolist()
    [0.67, 0.0]
    """
    shown = lists != NOTHING
    mine = np.where(shown[:, :, None], vectors[lists], 0).astype(np.float64)
    posts = np.count_nonzero(shown, axis=1)
    # over ordered pairs the cosines add up to |Σ v|² - Σ |v|²
    cosines = np.square(mine.sum(axis=1)).sum(axis=1) - np.square(mine).sum(axis=(1, 2))
    mean = np.full(len(lists), np.nan)
    np.divide(cosines, posts * (posts - 1), out=mean, where=posts > 1)
    return np.asarray(1 - mean)


def topics_shown(lists: NDArray[np.int64], topic_rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the different topics of each list's posts (n,).

    >>> topics_shown(np.array([[0, 1, 2], [2, -1, -1]]), topic_rows=np.array([7, 5, 7])).tolist()
    [2, 1]
    """
    topics = np.sort(np.where(lists == NOTHING, NOTHING, topic_rows[lists]), axis=1)
    first = np.ones(topics.shape, np.bool_)
    first[:, 1:] = topics[:, 1:] != topics[:, :-1]
    return np.asarray(np.count_nonzero(first & (topics != NOTHING), axis=1))
