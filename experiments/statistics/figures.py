"""One arm's figure: a mean or a ratio of sums, how much one user varies around it, and its adjustment by CUPED.

A ratio is linear in its neighbourhood: a user moves it by (numerator - ratio * denominator) / mean denominator. So
means and ratios, adjusted or not, are weighted sums of columns, and every variance here is weights' Σ weights.

Sources: Deng, Knoblich and Lu, "Applying the delta method in metric analytics", KDD 2018, section 3.1 (ratios); Deng,
Xu, Kohavi and Walker, "Improving the sensitivity of online controlled experiments by utilizing pre-experiment data",
WSDM 2013, section 3 (CUPED).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from experiments.statistics.moments import Moments


@dataclass(frozen=True)
class Formula:
    """What to compute of an arm: the mean of `numerator` over users or, with `denominator`, a ratio of two means."""

    numerator: str
    denominator: str | None = None

    def value(self, arm: Moments) -> float:
        """NaN where the denominator's mean is 0."""
        if self.denominator is None:
            return arm.mean[self.numerator]
        below = arm.mean[self.denominator]
        return arm.mean[self.numerator] / below if below else math.nan

    def weights(self, arm: Moments) -> Mapping[str, float]:
        """How much the value moves with the mean of each column: the gradient."""
        if self.denominator is None:
            return {self.numerator: 1.0}
        below = arm.mean[self.denominator]
        if not below:
            return {self.numerator: math.nan}
        return {self.numerator: 1 / below, self.denominator: -self.value(arm) / below}


@dataclass(frozen=True)
class Figure:
    """The value of a formula in an arm of `count` users; `variance` / `count` is the variance of `value`.

    `observed` is the value before the adjustment; without a covariate it is the value.
    """

    count: int
    value: float
    variance: float
    observed: float


def figure(arm: Moments, formula: Formula) -> Figure:
    """The figure as it was observed.

    >>> arm = Moments(2, {"liked": 2.0, "shown": 8.0}, {"liked": 2.0, "shown": 0.0}, {("liked", "shown"): 0.0})
    >>> figure(arm, Formula("liked", "shown"))
    Figure(count=2, value=0.25, variance=0.03125, observed=0.25)
    """
    value = formula.value(arm)
    return Figure(arm.count, value, covariance(arm, formula, formula), value)


def adjusted(
    control: Moments, test: Moments, formula: Formula, covariate: Formula, theta: float | None = None
) -> tuple[Figure, Figure]:
    """The figures of both arms less what their users' past explains (CUPED).

    θ, unless it is known from elsewhere, is cov(Y, X) / var(X) over the users of both arms; an arm's value is
    Y - θ (X - X of both arms), its variance var(Y) + θ² var(X) - 2 θ cov(Y, X), which is (1 - rho²) var(Y). A past that
    does not vary explains nothing: θ is 0.

    >>> control, test = (
    ...     Moments(100, {"likes": 2.0, "past": past}, {"likes": 4.0, "past": 4.0}, {("likes", "past"): 2.0})
    ...     for past in (3.0, 3.0)
    ... )
    >>> adjusted(control, test, Formula("likes"), Formula("past"))[0]
    Figure(count=100, value=2.0, variance=3.0, observed=2.0)
    """
    both = control + test
    if theta is None:
        spread = covariance(both, covariate, covariate)
        # NaN is let through: a past that cannot be known must not look like one that does not matter
        theta = 0.0 if spread == 0 else covariance(both, formula, covariate) / spread

    def of(arm: Moments) -> Figure:
        observed = formula.value(arm)
        variance = (
            covariance(arm, formula, formula)
            + theta**2 * covariance(arm, covariate, covariate)
            - 2 * theta * covariance(arm, formula, covariate)
        )
        return Figure(arm.count, observed - theta * (covariate.value(arm) - covariate.value(both)), variance, observed)

    return of(control), of(test)


def covariance(arm: Moments, left: Formula, right: Formula) -> float:
    """How a user's contributions to two figures vary together; of a formula with itself, its variance.

    >>> arm = Moments(9, {"likes": 2.0, "past": 3.0}, {"likes": 4.0, "past": 4.0}, {("likes", "past"): 2.0})
    >>> covariance(arm, Formula("likes"), Formula("past"))
    2.0
    """
    gradients = left.weights(arm), right.weights(arm)
    return sum(u * v * arm.covariance(a, b) for a, u in gradients[0].items() for b, v in gradients[1].items())


def correlation(arm: Moments, left: Formula, right: Formula) -> float:
    """The same as a correlation: with that to its covariate, CUPED leaves 1 - correlation² of a figure's variance.

    >>> arm = Moments(9, {"likes": 2.0, "past": 3.0}, {"likes": 4.0, "past": 4.0}, {("likes", "past"): 2.0})
    >>> correlation(arm, Formula("likes"), Formula("past"))
    0.5
    """
    spread = covariance(arm, left, left) * covariance(arm, right, right)
    return covariance(arm, left, right) / math.sqrt(spread) if spread > 0 else math.nan
