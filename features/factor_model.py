r"""A factor model of likes whose post factors lean on texts: what a user likes, learned from everybody's views.

    logit P(u likes p) = w b(u, topic(p)) + q_p + θ_u · f_p
    θ_u ~ N(0, I),   (q_p, f_p) ~ N((m, Wᵀ x_p), S),   x_p = (1, topic, text vector of the arm)

`b` is the profile's prior (`features.profile_prior`), w its weight, q a post's quality, θ and f factors of K
dimensions. A post with many views is known by who liked it, a new one by its text and topic (Wᵀ x); a user with many
views by them, a new one by the profile.

Source: Agarwal and Chen, "Regression-based latent factor models", KDD 2009; the Monte Carlo step is replaced by the
posterior's mode and curvature (Laplace), see `features.factor_fit`. That factors are regressed on texts tells it from
the matrix factorisations of `implicit`, which know nothing of a new post and take a view for nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.special import expit

from features.ids import rows_of_ids
from features.known_views import Floats, Views

Doubles = NDArray[np.float64]
FACTORS_FILE = "factors.safetensors"
HALVINGS = 6
SAFE = 2.0  # log-odds
PAIRS_AT_ONCE = 1 << 13  # whose factors lie side by side: they stay in the cache


@dataclass(frozen=True)
class PostFactors:
    """What the model knows of P posts."""

    quality: Floats  # (P,) log-odds
    factors: Floats  # (P, K)
    profile_weight: np.float32  # w

    @property
    def both(self) -> Floats:
        """Quality and factors side by side, (P, 1 + K)."""
        return np.hstack([self.quality[:, None], self.factors])

    def first(self, used: int) -> "PostFactors":
        """The same by the first factors alone."""
        return PostFactors(self.quality, np.ascontiguousarray(self.factors[:, :used]), self.profile_weight)

    def widened(self, width: int) -> "PostFactors":
        """The same with so many factors; those that are added are zero."""
        wide = np.pad(self.factors, ((0, 0), (0, width - self.factors.shape[1])))
        return PostFactors(self.quality, wide, self.profile_weight)

    def moved_to(self, both: Floats) -> "PostFactors":
        """The same with other quality and factors, (P, 1 + K)."""
        return PostFactors(np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1:]), self.profile_weight)


@dataclass(frozen=True)
class FactorModel:
    """A fitted model. Posts that it was fitted on keep what was learned of them."""

    post_ids: NDArray[np.int64]  # (F,) ascending
    quality: Floats  # (F,)
    factors: Floats  # (F, K)
    told: Floats  # (F, (1 + K)(2 + K) / 2) what views add to the precision of (q, f), each pair of places once
    loadings: Floats  # W (1 + topics + dims, K)
    mean_quality: Floats  # m (1,)
    spread: Floats  # S (1 + K, 1 + K)
    profile_weight: Floats  # w (1,)

    @classmethod
    def empty(cls, described: int, width: int) -> Self:
        """A model that knows nothing, for posts described by so many columns: all scores are 0."""
        return cls(
            post_ids=np.zeros(0, np.int64),
            quality=np.zeros(0, np.float32),
            factors=np.zeros((0, width), np.float32),
            told=np.zeros((0, (1 + width) * (2 + width) // 2), np.float32),
            loadings=np.zeros((described, width), np.float32),
            mean_quality=np.zeros(1, np.float32),
            spread=np.eye(1 + width, dtype=np.float32),
            profile_weight=np.ones(1, np.float32),
        )

    @property
    def used(self) -> int:
        """How many factors there are; those behind them are zero. At least 1."""
        return max(1, int(np.count_nonzero(self.loadings.any(axis=0))))

    def of_posts(self, post_ids: NDArray[np.int64], described: Floats) -> PostFactors:
        """Quality and factors of posts: ids (P,), and x as `describe` gives it, (P, 1 + topics + dims)."""
        quality = np.full(len(post_ids), self.mean_quality[0])
        factors = described @ self.loadings
        rows = rows_of_ids(self.post_ids, post_ids)
        known = rows >= 0
        quality[known] = self.quality[rows[known]]
        factors[known] = self.factors[rows[known]]
        return PostFactors(quality, factors, self.profile_weight[0])

    def precision_of_posts(self, post_ids: NDArray[np.int64]) -> Floats:
        """How sure the model is of quality and used factors: as S is, and as views told; (P, 1 + K, 1 + K)."""
        width = 1 + self.used
        precision: Floats = np.tile(np.linalg.inv(self.spread[:width, :width]), (len(post_ids), 1, 1))
        rows = rows_of_ids(self.post_ids, post_ids)
        known = rows >= 0
        told = self.told[rows[known], : width * (width + 1) // 2]
        precision[known] += symmetric(told, np.tril_indices(width), width)
        return precision

    def save(self, folder: Path) -> None:
        """Write the arrays into `folder`, which exists."""
        save_file({name: np.ascontiguousarray(value) for name, value in vars(self).items()}, folder / FACTORS_FILE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote, to the last bit."""
        arrays = load_file(folder / FACTORS_FILE)
        if "told" not in arrays:  # of an earlier version, which learned it anew each time: until the next training
            width = len(arrays["spread"])
            arrays["told"] = np.zeros((len(arrays["post_ids"]), width * (width + 1) // 2), np.float32)
        return cls(**arrays)


def describe(topic_codes: Floats, topics: int, vectors: Floats) -> Floats:
    """The x of P posts from their topics' places (NaN: a topic the model does not know) and text vectors (P, dims)."""
    one_hot = (topic_codes[:, None] == np.arange(topics)).astype(np.float32)
    return np.hstack([np.ones((len(vectors), 1), np.float32), one_hot, vectors])


def newton_step(
    views: Views, prior: Floats, posts: PostFactors, theta: Floats, precision: Floats, anchor: Floats
) -> tuple[Floats, Floats]:
    """One step towards the mode of θ (U, K), whose prior has mean `anchor` (U, K) and `precision` (U or 1, K, K).

    Returns it, and the posterior's precision (U, K, K) at where it started. `prior` (V,) is b of each view.
    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, eq. 4.26, with a Gaussian prior.
    """
    logit = logits(views, prior, posts, theta)
    probability: Floats = expit(logit)
    products, pairs = pairwise(posts.factors)
    curvature = symmetric(views.over_users(probability * (1 - probability), products), pairs, theta.shape[1])
    gradient = views.over_users(views.liked - probability, posts.factors)
    gradient += (precision @ (anchor - theta)[:, :, None])[:, :, 0]
    sharper = curvature + precision
    step = np.linalg.solve(sharper, gradient[:, :, None])[:, :, 0]

    def log_posterior(tried: Floats, of_views: Floats) -> Doubles:
        away = tried - anchor
        far = np.einsum("uk,uk->u", away, (precision @ away[:, :, None])[:, :, 0])
        by_user: Doubles = np.bincount(views.user, log_likelihood(views, of_views), len(tried)).astype(float)
        by_user -= 0.5 * far
        return by_user

    def tried_out(tried: Floats) -> Doubles:
        return log_posterior(tried, logits(views, prior, posts, tried))

    return shortened(theta, step, posts.factors, tried_out, lambda: log_posterior(theta, logit)), sharper


def shortened(
    start: Floats, step: Floats, against: Floats, objective: Callable[[Floats], Doubles], before: Callable[[], Doubles]
) -> Floats:
    """Take a step (n, K), row by row halved as long as it lowers the `objective` (n,); a row that never gains stays.

    `before` tells the objective at the start, (n,).

    A full Newton step overshoots where a probability is close to 0 or 1. `against` (m, K) is what rows are multiplied
    with: a row none of whose log-odds can move by more than `SAFE` is taken as it is. Source: Boyd and Vandenberghe,
    Convex Optimization, section 9.2, with the plain decrease as condition. No row depends on the others.
    """
    longest = np.square(step).sum(axis=1) * np.square(against).sum(axis=1).max(initial=0)  # (n,), squared
    doubtful = longest > SAFE**2
    if not doubtful.any():
        return start + step
    at_start = before()
    least = at_start - 1e-5 * np.abs(at_start)  # rounding is no loss
    scale = np.ones((len(start), 1), np.float32)
    for _ in range(HALVINGS):
        worse = doubtful & (objective(start + scale * step) < least)
        if not worse.any():
            return start + scale * step
        scale[worse] /= 2
    scale[worse] = 0
    return start + scale * step


def logits(views: Views, prior: Floats, posts: PostFactors, theta: Floats) -> Floats:
    """The model's log-odds of a like of each view, (V,)."""
    logit = posts.profile_weight * prior + posts.quality[views.post]
    for start in range(0, len(logit), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        logit[part] += np.einsum("vk,vk->v", theta.take(views.user[part], 0), posts.factors.take(views.post[part], 0))
    return logit


def told_by(views: Views, prior: Floats, posts: PostFactors, theta: Floats) -> tuple[Floats, Floats]:
    """Tell what views by users θ say of the posts: gradient (P, 1 + K), and precision with each pair of places once."""
    viewers = with_one(theta)
    probability = like_probability(views, prior, posts, theta)
    precision = views.over_posts(probability * (1 - probability), pairwise(viewers)[0])
    return views.over_posts(views.liked - probability, viewers), precision


def like_probability(views: Views, prior: Floats, posts: PostFactors, theta: Floats) -> Floats:
    """The model's probability of a like of each view, (V,)."""
    probability: Floats = expit(logits(views, prior, posts, theta))
    return probability


def log_likelihood(views: Views, logit: Floats) -> Doubles:
    """The logarithm of the probability of what became of each view, by its log-odds of a like: (V,)."""
    return (views.liked * logit - np.logaddexp(0, logit)).astype(np.float64)


def with_one(theta: Floats) -> Floats:
    """What the quality and factors of a post are multiplied with: (1, θ) of users, (U, 1 + K)."""
    return np.hstack([np.ones((len(theta), 1), np.float32), theta])


def pairwise(columns: Floats) -> tuple[Floats, tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Products of every two of n columns, each pair once: (rows, n (n + 1) / 2), and which pairs they are."""
    first, second = np.tril_indices(columns.shape[1])
    return columns[:, first] * columns[:, second], (first, second)


def symmetric(values: Floats, pairs: tuple[NDArray[np.intp], NDArray[np.intp]], width: int) -> Floats:
    """Lay sums of `pairwise` products out as symmetric matrices (rows, n, n)."""
    out = np.empty((len(values), width, width), np.float32)
    out[:, pairs[0], pairs[1]] = values
    out[:, pairs[1], pairs[0]] = values
    return out
