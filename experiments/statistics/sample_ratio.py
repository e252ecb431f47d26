"""Do the arms have the users that their weights promise? If not, users get lost on the way: believe no effect.

Sources: Fabijan et al., "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019 (the check, and
an alarm at p < 0.001); Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022,
section 2 (the one for daily looks).
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, gammaln, xlog1py, xlogy

ALARM: Final = 0.001
# Cochran's rule: with fewer expected in an arm, chi-square is no longer the distribution
FEWEST_EXPECTED: Final = 5
# a hundred users' worth of belief in the weights finds gross faults early, a hundred thousand's small ones later
CONCENTRATIONS: Final = (100.0, 1_000.0, 10_000.0, 100_000.0)


def sample_ratio(counts: Sequence[int], weights: Sequence[float]) -> float:
    """p-value of the counts under the weights, for one look: Pearson's chi-square.

    Two arms that expect fewer than five users get the exact binomial. NaN without users, or with a single arm.

    >>> round(sample_ratio([1000, 1100], [0.5, 0.5]), 4)
    0.0291
    """
    seen, shares = _used(counts, weights)
    if seen.sum() == 0 or len(seen) < 2:
        return math.nan
    if (shares == 0).any():
        return 0.0  # users in an arm that gets none
    expected = seen.sum() * shares
    if expected.min() < FEWEST_EXPECTED and len(seen) == 2:
        return exact_sample_ratio(counts, weights)
    return float(chdtrc(len(seen) - 1, ((seen - expected) ** 2 / expected).sum()))


def exact_sample_ratio(counts: Sequence[int], weights: Sequence[float]) -> float:
    """p-value for two arms: the probability of all splits that are no likelier than this one.

    >>> round(exact_sample_ratio([202, 198], [0.5, 0.5]), 4)
    0.8808
    """
    seen, shares = _used(counts, weights)
    if len(seen) != 2:
        raise ValueError(f"counts has {len(seen)} arms with a weight; the exact test compares 2")
    n = int(seen.sum())
    k = np.arange(n + 1)
    chance = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, shares[0]) + xlog1py(n - k, -shares[0])
    # splits as likely as the one seen differ from it by rounding only
    return min(1.0, float(np.exp(chance[chance <= chance[int(seen[0])] + 1e-9]).sum()))


def always_valid_sample_ratio(counts: Sequence[int], weights: Sequence[float]) -> float:
    """p-value that may be computed at every look: it falls below p *ever* with probability p at most.

    One over a Bayes factor: the weights against shares drawn from a Dirichlet around them. The factor is the mean of
    several concentrations', which is a martingale too, so neither gross nor small faults are found late.

    >>> always_valid_sample_ratio([5000, 5000], [0.5, 0.5])
    1.0
    >>> always_valid_sample_ratio([5000, 5500], [0.5, 0.5]) < 0.001
    True
    """
    seen, shares = _used(counts, weights)
    if seen.sum() == 0 or len(seen) < 2:
        return math.nan
    if (shares == 0).any():
        return 0.0
    prior = np.multiply.outer(CONCENTRATIONS, shares)  # (concentrations, arms)
    total = np.array(CONCENTRATIONS)
    log_factor = (
        (gammaln(prior + seen) - gammaln(prior)).sum(axis=1)
        + gammaln(total)
        - gammaln(total + seen.sum())
        - xlogy(seen, shares).sum()
    )
    return min(1.0, math.exp(math.log(len(total)) - float(np.logaddexp.reduce(log_factor))))


def _used(counts: Sequence[int], weights: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts and shares of the arms that have either; an arm of weight 0 without users says nothing."""
    seen, shares = np.asarray(counts, np.float64), np.asarray(weights, np.float64)
    if seen.shape != shares.shape or not shares.sum() > 0:
        raise ValueError(f"weights is {list(weights)}; it must have a weight for each of {len(seen)} arms, not all 0")
    used = (seen > 0) | (shares > 0)
    return seen[used], shares[used] / shares.sum()
