"""Curves that a sum of noise stays under for ever with a given probability: what lets an experiment be watched.

`s` is a sum of centred observations and `v` its intrinsic time, the variance it has gathered. A log mixture is the
logarithm of a process that exceeds 1 / alpha at any time with probability alpha at most (Ville's inequality); the
matching bound is the s at which it does. `v_opt` is the time at which the bound is to be tight.

Source: Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences",
Annals of Statistics 49(2), 2021; equations of arXiv 1810.08240. Checked against the authors' confseq.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, gammainc, gammaln, log_ndtr, zeta

Array = NDArray[np.float64]
# halvings of a bracket until it is two neighbouring doubles
HALVINGS = 80
DOUBLINGS = 60


def best_rho(v_opt: float, alpha_opt: float = 0.05) -> float:
    """The rho for which the two-sided normal bound is tightest at `v_opt`: eq. 21, its Lambert W in closed form.

    >>> round(best_rho(100), 5)
    12.60056
    """
    _check_alpha(alpha_opt)
    gap = 2 * math.log(1 / alpha_opt)
    return v_opt / (gap + math.log1p(gap))


def normal_log_mixture(s: ArrayLike, v: ArrayLike, v_opt: float, alpha_opt: float = 0.05) -> Array:
    """Two-sided, for sub-Gaussian sums: the mixture behind eq. 51.

    >>> round(float(normal_log_mixture(10, 100, v_opt=100)), 7)
    -0.6510052
    """
    s, v = np.asarray(s, np.float64), np.asarray(v, np.float64)
    rho = best_rho(v_opt, alpha_opt)
    return _array(0.5 * np.log(rho / (v + rho)) + s**2 / (2 * (v + rho)))


def normal_bound(v: ArrayLike, alpha: float, v_opt: float, alpha_opt: float = 0.05) -> Array:
    """Two-sided normal mixture: |s| stays below it. Eq. 51.

    >>> round(float(normal_bound(100, 0.05, v_opt=100)), 5)
    30.35209
    """
    _check_alpha(alpha)
    v, rho = np.asarray(v, np.float64), best_rho(v_opt, alpha_opt)
    return _array(np.sqrt((v + rho) * (np.log1p(v / rho) + 2 * math.log(1 / alpha))))


def one_sided_normal_log_mixture(s: ArrayLike, v: ArrayLike, v_opt: float, alpha_opt: float = 0.05) -> Array:
    """One-sided, for sub-Gaussian sums: inside eq. 52. Its rho is the two-sided one at twice alpha (section 3.5).

    >>> round(float(one_sided_normal_log_mixture(10, 100, v_opt=100)), 8)
    -0.06502391
    """
    s, v = np.asarray(s, np.float64), np.asarray(v, np.float64)
    rho = best_rho(v_opt, 2 * alpha_opt)
    return _array(0.5 * np.log(4 * rho / (v + rho)) + s**2 / (2 * (v + rho)) + log_ndtr(s / np.sqrt(v + rho)))


def one_sided_normal_bound(v: ArrayLike, alpha: float, v_opt: float, alpha_opt: float = 0.05) -> Array:
    """One-sided normal mixture: s stays below it. Eq. 52.

    >>> round(float(one_sided_normal_bound(100, 0.05, v_opt=100)), 5)
    27.66071
    """
    return _bound(lambda s, at: one_sided_normal_log_mixture(s, at, v_opt, alpha_opt), v, alpha)


def gamma_exponential_log_mixture(s: ArrayLike, v: ArrayLike, v_opt: float, c: float, alpha_opt: float = 0.05) -> Array:
    """One-sided, for sub-exponential sums of scale `c`, such as those of bounded observations: log of eq. 65.

    >>> round(float(gamma_exponential_log_mixture(10, 100, v_opt=100, c=2)), 7)
    -0.2490165
    """
    s, v = np.asarray(s, np.float64), np.asarray(v, np.float64)
    rho = best_rho(v_opt, 2 * alpha_opt) / c**2
    shape, reach = v / c**2 + rho, (c * s + v) / c**2
    constant = rho * math.log(rho) - gammaln(rho) - math.log(gammainc(rho, rho))
    with np.errstate(divide="ignore"):  # far below the bound the mixture is 0
        share = np.log(gammainc(shape, reach + rho))
    return _array(constant + gammaln(shape) + share - shape * np.log(reach + rho) + reach)


def gamma_exponential_bound(v: ArrayLike, alpha: float, v_opt: float, c: float, alpha_opt: float = 0.05) -> Array:
    """Gamma-exponential mixture: s stays below it. Eq. 64.

    >>> round(float(gamma_exponential_bound(100, 0.05, v_opt=100, c=2)), 5)
    33.02017
    """
    return _bound(lambda s, at: gamma_exponential_log_mixture(s, at, v_opt, c, alpha_opt), v, alpha)


def poly_stitching_bound(
    v: ArrayLike, alpha: float, v_min: float, c: float = 0, s: float = 1.4, eta: float = 2
) -> Array:
    """Polynomial stitching for sub-gamma sums of scale `c`, in closed form: eq. 8 with the h of eq. 10.

    It grows no faster than the law of the iterated logarithm asks. `s` says how the error is spread over epochs of
    intrinsic time, each `eta` times the one before; below `v_min` the bound stays as it is there.

    >>> round(float(poly_stitching_bound(100, 0.05, v_min=10, c=3)), 5)
    64.48755
    """
    _check_alpha(alpha)
    v = np.maximum(np.asarray(v, np.float64), v_min)
    k1, k2 = (eta**0.25 + eta**-0.25) / math.sqrt(2), (math.sqrt(eta) + 1) / 2
    ell = s * np.log(np.log(eta * v / v_min)) + math.log(zeta(s) / (alpha * math.log(eta) ** s))
    return _array(np.sqrt(k1**2 * v * ell + (k2 * c * ell) ** 2) + k2 * c * ell)


def bernoulli_interval(
    successes: float, trials: int, alpha: float, t_opt: float, alpha_opt: float = 0.05
) -> tuple[float, float]:
    """Bounds of a probability that hold after every trial: the two-sided beta-binomial mixture, eqs. 56 and 57.

    `t_opt` is the number of trials at which they are to be tight.

    >>> low, high = bernoulli_interval(700, 1000, 0.05, t_opt=100)
    >>> round(low, 4), round(high, 4)
    (0.6516, 0.7459)
    """
    _check_alpha(alpha)
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(
            f"successes is {successes} of {trials} trials; it takes a trial, and no more successes than that"
        )
    share = successes / trials

    def inside(p: float) -> bool:
        v = p * (1 - p) * trials
        mixture = beta_binomial_log_mixture((share - p) * trials, v, p * (1 - p) * t_opt, p, 1 - p, alpha_opt)
        return mixture < -math.log(alpha)

    return _edge(inside, share, 0.0), _edge(inside, share, 1.0)


def beta_binomial_log_mixture(s: float, v: float, v_opt: float, g: float, h: float, alpha_opt: float = 0.05) -> float:
    """Two-sided, for sums of observations between -g and h: log of eq. 57.

    >>> round(beta_binomial_log_mixture(10, 100, 100, 0.2, 0.8), 7)
    -0.6941012
    """
    # the paper asks for rho > gh; one that is not gives way to the nearest that is, as in confseq
    r = max(best_rho(v_opt, alpha_opt) - g * h, 1e-3 * g * h)
    width = g + h
    prior = betaln(r / (g * width), r / (h * width))
    posterior = betaln((r + v - g * s) / (g * width), (r + v + h * s) / (h * width))
    at_zero = v / (g * h) * math.log(width) - (v / h + s) / width * math.log(g) - (v / g - s) / width * math.log(h)
    return float(at_zero + posterior - prior)


def _bound(log_mixture: Callable[[Array, Array], Array], v: ArrayLike, alpha: float) -> Array:
    """The s >= 0 at which a mixture, which grows with s, reaches 1 / alpha; for all v at once, by halving brackets."""
    _check_alpha(alpha)
    v = np.asarray(v, np.float64)
    low, high, threshold = np.zeros_like(v), v + 1.0, -math.log(alpha)
    for _ in range(DOUBLINGS):
        short = log_mixture(high, v) < threshold
        if not short.any():
            break
        high = np.where(short, 2 * high, high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = log_mixture(middle, v) < threshold
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return _array((low + high) / 2)


def _edge(inside: Callable[[float], bool], start: float, end: float) -> float:
    """Where a set that holds `start` ends on the way to `end`, which is 0 or 1 and in the set if `start` is there."""
    if start == end:
        return end
    for _ in range(HALVINGS):
        middle = (start + end) / 2
        if 0 < middle < 1 and inside(middle):
            start = middle
        else:
            end = middle
    return (start + end) / 2


def _array(values: ArrayLike) -> Array:
    return np.asarray(values, np.float64)


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; it must be between 0 and 1, for example 0.05")
