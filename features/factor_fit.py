r"""Fitting the factor model: users, posts and what is common to all of them, in turns.

One round: a Newton step for every user given the posts, one for every post given the users, then the common parameters
from both: users' factors are brought back to unit variance, W is the ridge regression of post factors on x, m and S are
the mean and the second moments of what x does not explain. The posteriors' covariances enter wherever a second moment
is taken, as in any EM (Agarwal and Chen, KDD 2009, section 3, with Laplace's approximation for the E step).

It starts from moments: with residuals r = y - p of the prior alone, a user's gradient g_u = Σ r x has covariance
A_u + A_u T A_u, where T = W Wᵀ is what is sought; T's leading eigenvectors above the noise are the first W, and their
number is the number of factors.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit

from core.logging import get_logger
from features.factor_model import (
    Doubles,
    FactorModel,
    PostFactors,
    log_likelihood,
    logits,
    newton_step,
    pairwise,
    shortened,
    symmetric,
    told_by,
    with_one,
)
from features.known_views import Floats, Views

log = get_logger(__name__)

ROUNDS = 8
RIDGE = 1.0  # of W's regression, in squared entries of x, whose text part has unit length
QUALITY_VARIANCE, FACTOR_VARIANCE = 0.09, 0.02  # of S at the start, in squared log-odds
UNUSED = 1e-6
_SHRINK_USERS = 5.0  # information, in p(1-p) views, at which a user's moments count half


def fit_factors(
    views: Views,
    prior: Floats,
    described: Floats,
    post_ids: NDArray[np.int64],
    width: int,
) -> FactorModel:
    """Fit at most `width` factors; unused ones are zero. Nothing is drawn at random.

    Args:
        views: V views of P posts.
        prior: (V,) log-odds of a like by the profile.
        described: (P, X) x of each post, see `features.factor_model.describe`.
        post_ids: (P,) ascending.
        width: K.
    """
    fit = _Fit(views, prior, described, post_ids, _first_loadings(views, prior, described, width))
    for _ in range(ROUNDS):
        fit.round()
    log.info("factor model: %d factors from %d views of %d users", fit.used, len(views.user), len(views.user_ids))
    return fit.model(width)


class _Fit:
    """The state of a fit between rounds."""

    def __init__(
        self, views: Views, prior: Floats, described: Floats, post_ids: NDArray[np.int64], loadings: Floats
    ) -> None:
        self._views, self._prior, self._described, self._post_ids = views, prior, described, post_ids
        self.used = loadings.shape[1]
        self.loadings = loadings
        self.explained = described @ loadings  # (P, K)
        self.posts = PostFactors(np.zeros(len(post_ids), np.float32), self.explained, np.float32(1))
        self.mean_quality = 0.0
        self.theta = np.zeros((len(views.user_ids), self.used), np.float32)
        self.spread = np.diag(np.append(QUALITY_VARIANCE, np.full(self.used, FACTOR_VARIANCE)))  # S
        # (X, X): the same for every round
        self._gram = described.T @ described + RIDGE * np.eye(described.shape[1])

    def model(self, width: int) -> FactorModel:
        """The fitted model, `width` factors wide; a factor that is not used stays 0."""
        spread = np.eye(1 + width) * UNUSED
        places = np.arange(1 + self.used)
        spread[np.ix_(places, places)] = self.spread
        wide = ((0, 0), (0, width - self.used))
        told = told_by(self._views, self._prior, self.posts, self.theta)[1]  # pairs of further places come behind
        return FactorModel(
            post_ids=self._post_ids,
            quality=self.posts.quality,
            factors=np.pad(self.posts.factors, wide),
            told=np.pad(told, ((0, 0), (0, (1 + width) * (2 + width) // 2 - told.shape[1]))),
            loadings=np.pad(self.loadings, wide),
            mean_quality=np.array([self.mean_quality], np.float32),
            spread=spread.astype(np.float32),
            profile_weight=np.array([self.posts.profile_weight], np.float32),
        )

    def round(self) -> None:
        """One turn of users, posts and what is common."""
        unit = np.eye(self.theta.shape[1], dtype=np.float32)[None]
        self.theta, precision = newton_step(
            self._views, self._prior, self.posts, self.theta, unit, np.zeros_like(self.theta)
        )
        of_users: Floats = np.linalg.inv(precision)
        of_posts = self._post_step(of_users)
        self._common(of_users, of_posts)

    def _post_step(self, of_users: Floats) -> Floats:
        """Move (q, f) of every post; returns their posterior covariance (P, 1 + K, 1 + K)."""
        views, width = self._views, self.theta.shape[1] + 1
        users = with_one(self.theta)
        uncertain = np.zeros((len(users), width, width), np.float32)
        uncertain[:, 1:, 1:] = of_users
        products, pairs = pairwise(users)
        logit = logits(views, self._prior, self.posts, self.theta)
        probability: Floats = expit(logit)
        weight = probability * (1 - probability)
        vague = symmetric(views.over_posts(weight, uncertain[:, pairs[0], pairs[1]]), pairs, width)
        curvature = symmetric(views.over_posts(weight, products), pairs, width) + vague
        precision = np.linalg.inv(self.spread).astype(np.float32)
        now = self.posts.both
        expected = np.hstack([np.full((len(now), 1), self.mean_quality, np.float32), self.explained])
        gradient = views.over_posts(views.liked - probability, users)
        gradient -= np.einsum("pij,pj->pi", vague, now) + (now - expected) @ precision
        covariance: Floats = np.linalg.inv(curvature + precision)
        step = np.einsum("pij,pj->pi", covariance, gradient)

        def log_posterior(tried: Floats, of_views: Floats) -> Doubles:
            away = tried - expected
            far = np.einsum("pi,pi->p", away @ precision, away) + np.einsum("pi,pij,pj->p", tried, vague, tried)
            total: Doubles = np.bincount(views.post, log_likelihood(views, of_views), len(tried)) - 0.5 * far
            return total

        def tried_out(tried: Floats) -> Doubles:
            return log_posterior(tried, logits(views, self._prior, self.posts.moved_to(tried), self.theta))

        self.posts = self.posts.moved_to(shortened(now, step, users, tried_out, lambda: log_posterior(now, logit)))
        return covariance

    def _common(self, of_users: Floats, of_posts: Floats) -> None:
        """Bring users to unit variance, and fit W, m and S to the posts."""
        width = self.theta.shape[1]
        second = self.theta.T.astype(np.float64) @ self.theta / max(1, len(self.theta)) + of_users.mean(axis=0)
        root = np.linalg.cholesky(second)
        self.theta = (self.theta @ np.linalg.inv(root).T).astype(np.float32)
        factors = (self.posts.factors @ root).astype(np.float32)
        self.posts = PostFactors(self.posts.quality, factors, _profile_weight(self.posts.quality, factors))
        self.loadings = np.linalg.solve(self._gram, self._described.T @ factors).astype(np.float32)
        self.explained = self._described @ self.loadings
        self.mean_quality = float(self.posts.quality.mean())
        turn = np.eye(width + 1)
        turn[1:, 1:] = root
        left = np.hstack([self.posts.quality[:, None] - self.mean_quality, factors - self.explained])
        self.spread = left.T.astype(np.float64) @ left / len(left) + turn.T @ of_posts.mean(axis=0) @ turn


def _profile_weight(quality: Floats, factors: Floats) -> np.float32:
    """How much stronger a profile's log-odds are among posts and tastes that are known than over all of them.

    A logistic curve averaged over a normal variable of variance σ² is flatter by √(1 + c² σ²), c = 16 √3 / (15 π). Here
    σ² is that of q + θ · f. Source: Zeger, Liang and Albert, "Models for longitudinal data: a generalized estimating
    equation approach", Biometrics 44 (1988), equation 3.8 and below.
    """
    variance = quality.var() + np.square(factors).sum(axis=1).mean()
    return np.float32(np.sqrt(1 + 256 * 3 / (225 * np.pi**2) * variance))


def _first_loadings(views: Views, prior: Floats, described: Floats, width: int) -> Floats:
    """Loadings (X, K) by moments, K at most `width` and at least 1."""
    x = described.astype(np.float64)
    p = expit(prior)
    shape = (len(views.user_ids), views.post_count)
    residual = csr_array((views.liked - p, views.post, views.user_starts), shape=shape)
    information = np.bincount(views.user, p * (1 - p), len(views.user_ids))  # (U,) scale of A_u
    of_posts = np.bincount(views.post, p * (1 - p), views.post_count)
    shared = (x * of_posts[:, None]).T @ x / of_posts.sum()  # A_u / information, the same for all: random exposure
    size, axes = np.linalg.eigh(shared)
    real = size > 1e-6 * size[-1]
    whiten = axes[:, real] / np.sqrt(size[real])
    gradient = residual @ (x @ whiten)  # (U, X'), covariance: information I + information² T
    trust = 1 / (information + _SHRINK_USERS) ** 2
    moments = (gradient * trust[:, None]).T @ gradient - np.eye(gradient.shape[1]) * (trust @ information)
    strength, directions = np.linalg.eigh(moments / (trust @ information**2))
    strength, directions = strength[::-1], directions[:, ::-1]
    noise = max(-float(strength[-1]), 1e-6)  # T has no negative eigenvalue, so what is negative is noise
    count = int(np.clip(np.count_nonzero(strength > noise), 1, width))
    # a chosen direction's strength holds noise too; whitened loadings of A^-1/2 T A^-1/2 go back by A^-1/2
    scale = np.sqrt(np.maximum(strength[:count] - 0.3 * noise, 0.3 * noise))
    loadings: Floats = (whiten @ directions[:, :count] * scale).astype(np.float32)
    return loadings
