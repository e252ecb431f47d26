"""Ranking metrics over arrays, each with its formula, its source and an example.

List metrics take `hits`, (n, K) bool: whether the post at each rank of each user's list is relevant, and `relevant`,
(n,) int: how many relevant posts the user has, listed or not. They give one value a user, NaN for a user without a
relevant post: nothing could have been found, which is neither a success nor a failure. (CatBoost scores such a group
NDCG 1.) `mean_over_users` turns them into a figure, or into NaN with the reason.

Relevance is binary, and a list shorter than k counts as filled up with misses.
"""

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure, or NaN and why there is none."""

    value: float
    reason: str | None = None


def mean_over_users(values: Floats, undefined: str) -> Measured:
    """The mean over users whose value is defined; `undefined` says why it may be so for none.

    >>> mean_over_users(np.array([1.0, nan, 0.0]), "no user liked anything")
    Measured(value=0.5, reason=None)
    >>> mean_over_users(np.array([nan]), "no user liked anything")
    Measured(value=nan, reason='no user liked anything')
    """
    defined = values[~np.isnan(values)]
    return Measured(float(defined.mean())) if defined.size else Measured(nan, undefined)


def auc(scores: NDArray[np.floating], liked: Bools) -> Measured:
    """The chance that a random positive row scores above a random negative one, a tie counting half.

    AUC = (R⁺ - n⁺(n⁺ + 1)/2) / (n⁺ n⁻), R⁺ the sum of the positives' mid-ranks.
    Source: Hanley and McNeil, Radiology 143 (1982); Mann and Whitney's U divided by n⁺ n⁻.

    >>> auc(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False]))
    Measured(value=0.875, reason=None)
    >>> auc(np.array([0.9, 0.5]), np.array([True, True]))
    Measured(value=nan, reason='AUC needs rows of both kinds: 2 of 2 are liked')
    """
    value = float(user_auc(np.zeros(len(scores), np.int64), scores, liked, 1)[0])
    if np.isnan(value):
        return Measured(nan, f"AUC needs rows of both kinds: {np.count_nonzero(liked)} of {len(liked)} are liked")
    return Measured(value)


def user_auc(users: NDArray[np.int64], scores: NDArray[np.floating], liked: Bools, n: int) -> Floats:
    """AUC inside the rows of each user 0 … n-1, (n,); NaN for a user without rows of both kinds.

    Its mean over users is the "GAUC" of Zhu et al., "Deep Interest Network", KDD 2018, with equal weights.

    >>> user_auc(np.array([0, 0, 1]), np.array([0.9, 0.1, 0.5]), np.array([True, False, True]), 2).tolist()
    [1.0, nan]
    """
    order = np.lexsort((scores, users))
    user, score, positive = users[order], scores[order], liked[order]
    # runs of equal score within a user share the mean of their ranks
    new_run = np.ones(len(order), bool)
    new_run[1:] = (user[1:] != user[:-1]) | (score[1:] != score[:-1])
    starts = np.flatnonzero(new_run)
    lengths = np.diff(starts, append=len(order))
    rows = np.bincount(user, minlength=n)
    before = np.cumsum(rows) - rows  # rows of the users before
    mid_ranks = starts - before[user[starts]] + (lengths + 1) / 2
    rank_sums = np.bincount(user, weights=np.repeat(mid_ranks, lengths) * positive, minlength=n)
    positives = np.bincount(user, weights=positive, minlength=n)
    pairs = positives * (rows - positives)
    return _ratio(rank_sums - positives * (positives + 1) / 2, pairs)


def hitrate(hits: Bools, relevant: NDArray[np.int64], k: int) -> Floats:
    """HitRate@k = 1 if any of the first k is relevant, else 0.

    Source: RecTools `HitRate`, ranx `hit_rate`.

    >>> hitrate(np.array([[False, True], [False, False]]), np.array([1, 0]), 2).tolist()
    [1.0, nan]
    """
    return _where_relevant(np.any(hits[:, :k], axis=1), relevant)


def precision(hits: Bools, relevant: NDArray[np.int64], k: int) -> Floats:
    """Precision@k = relevant among the first k / k.

    Source: RecTools `Precision`, ranx `precision`.

    >>> precision(np.array([[True, False, True, True]]), np.array([3]), 4).tolist()
    [0.75]
    """
    return _where_relevant(hits[:, :k].sum(axis=1) / k, relevant)


def recall(hits: Bools, relevant: NDArray[np.int64], k: int) -> Floats:
    """Recall@k = relevant among the first k / all relevant.

    Source: RecTools `Recall`, ranx `recall`.

    >>> recall(np.array([[True, False, True]]), np.array([4]), 3).tolist()
    [0.5]
    """
    return _ratio(hits[:, :k].sum(axis=1), relevant)


def ndcg(hits: Bools, relevant: NDArray[np.int64], k: int) -> Floats:
    """NDCG@k = DCG / best DCG, DCG = Σ hit(i) / log₂(i + 1) over ranks i ≤ k.

    The best DCG is that of a list which starts with all relevant posts: Σ 1 / log₂(i + 1) over i ≤ min(k, relevant).

    Source: Järvelin and Kekäläinen, TOIS 20 (2002); ranx `ndcg`; RecTools `NDCG(divide_by_achievable=True)`.

    >>> ndcg(np.array([[False, True]]), np.array([1]), 2).round(6).tolist()
    [0.63093]
    """
    gains = 1 / np.log2(np.arange(2, k + 2))  # (k,)
    ideal = np.concatenate([[0.0], np.cumsum(gains)])[np.minimum(relevant, k)]
    within = hits[:, :k]
    return _ratio(within @ gains[: within.shape[1]], ideal)


def average_precision(hits: Bools, relevant: NDArray[np.int64], k: int) -> Floats:
    """AP@k = Σ hit(i) · Precision@i over ranks i ≤ k / all relevant; its mean over users is MAP@k.

    Source: ranx `map`, RecTools `MAP(divide_by_k=False)`.

    >>> average_precision(np.array([[True, False, True]]), np.array([2]), 3).round(6).tolist()
    [0.833333]
    """
    within = hits[:, :k]
    precisions = np.cumsum(within, axis=1) / np.arange(1, within.shape[1] + 1)
    return _ratio((precisions * within).sum(axis=1), relevant)


def reciprocal_rank(hits: Bools, relevant: NDArray[np.int64], k: int) -> Floats:
    """RR@k = 1 / rank of the first relevant post, 0 if none is among the first k; its mean is MRR@k.

    Source: RecTools `MRR`, ranx `mrr`.

    >>> reciprocal_rank(np.array([[False, True], [False, False]]), np.array([1, 1]), 2).tolist()
    [0.5, 0.0]
    """
    within = hits[:, :k]
    ranks = np.arange(1, within.shape[1] + 1)
    return _where_relevant((within / ranks).max(axis=1, initial=0.0), relevant)


def coverage(lists: NDArray[np.int64], catalogue_size: int) -> Measured:
    """Share of the catalogue that is on anybody's list: different posts of `lists` (n, k) / catalogue size.

    An empty place of a list is -1. Source: RecTools `CatalogCoverage(normalize=True)`.

    >>> coverage(np.array([[4, 7], [7, -1]]), catalogue_size=8)
    Measured(value=0.25, reason=None)
    """
    listed = np.unique(lists[lists >= 0])
    if catalogue_size == 0:
        return Measured(nan, "there is no post to recommend")
    if lists.shape[0] == 0:
        return Measured(nan, "there is no user to make a list for")
    return Measured(listed.size / catalogue_size)


def self_information(users_of_post: NDArray[np.floating], users: int) -> Floats:
    """How surprising each post is: -log₂(max(1, users who took it) / users), (P,), never below 0.

    The value of a post that nobody took is that of one taken once, as in RecTools `MeanInvUserFreq`.

    >>> self_information(np.array([0.0, 1.0, 4.0]), users=4).tolist()
    [2.0, 2.0, 0.0]
    """
    everybody = float(max(users, 1))
    information: Floats = np.log2(everybody / np.clip(users_of_post, 1.0, everybody))
    return information


def novelty(lists: NDArray[np.int64], information: Floats) -> Floats:
    """Mean self-information of each user's list, (n,); NaN for an empty list. `lists` (n, k) index `information` (P,).

    Source: Castells, Vargas, Wang, "Novelty and diversity metrics for recommender systems", 2011; RecTools
    `MeanInvUserFreq`.

    >>> novelty(np.array([[0, 2], [2, -1], [-1, -1]]), np.array([2.0, 2.0, 0.0])).tolist()
    [1.0, 0.0, nan]
    """
    filled = lists >= 0
    listed = np.append(information, 0.0)[lists]  # -1 takes the last entry, 0
    return _ratio(listed.sum(axis=1), filled.sum(axis=1))


def _where_relevant(values: NDArray[np.generic], relevant: NDArray[np.int64]) -> Floats:
    return np.where(relevant > 0, values, nan)


def _ratio(numerator: NDArray[np.generic], denominator: NDArray[np.generic]) -> Floats:
    """Their quotient, NaN where the denominator is 0."""
    quotient = np.full(denominator.shape, nan)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient
