"""The effect of the test arm against control, looked at once: difference and relative effect with their intervals.

Sources: Welch, "The generalization of Student's problem when several different population variances are involved",
1947 (degrees of freedom: Satterthwaite, 1946, eq. 17); for ratios and CUPED see `figures`. The relative effect is
given twice: by the delta method on the difference, as GrowthBook has it and as the confidence sequence needs it, and
by the delta method on the logarithm of the ratio, as tea-tasting has it, which is the better one for few users: its
interval never goes below -100 %.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

from scipy.special import stdtr, stdtrit

from experiments.statistics.figures import Figure, Formula, adjusted, figure
from experiments.statistics.moments import Moments

NAN: Final = math.nan


@dataclass(frozen=True)
class Interval:
    """An estimate and its two bounds."""

    value: float
    low: float
    high: float


UNKNOWN: Final = Interval(NAN, NAN, NAN)


@dataclass(frozen=True)
class Effect:
    """What the test arm changes. `reason` says why a number is NaN; None: all are defined.

    `control` and `test` are adjusted where a covariate was given, so that `difference` is one less the other.
    `p_value` is two-sided, of no difference at all.
    """

    control: float
    test: float
    difference: Interval
    relative: Interval  # of the control arm's value as observed; 0.05 is +5 %
    p_value: float
    standard_error: float  # of the difference
    reason: str | None = None
    relative_error: float = NAN  # standard error of `relative`
    log_relative: Interval = UNKNOWN
    degrees: float = NAN  # of freedom


def mean_effect(
    control: Moments, test: Moments, value: str, covariate: str | None = None, level: float = 0.95
) -> Effect:
    """Effect on the mean of `value` over users, by Welch's t-test; with `covariate`, after CUPED.

    >>> control = Moments(100, {"likes": 2.0}, {"likes": 4.0}, {})
    >>> effect = mean_effect(control, Moments(100, {"likes": 3.0}, {"likes": 5.0}, {}), "likes")
    >>> effect.difference.value, effect.relative.value, effect.standard_error
    (1.0, 0.5, 0.3)
    """
    return _effect(control, test, Formula(value), None if covariate is None else Formula(covariate), level)


def ratio_effect(
    control: Moments,
    test: Moments,
    numerator: str,
    denominator: str,
    covariate_numerator: str | None = None,
    covariate_denominator: str | None = None,
    level: float = 0.95,
) -> Effect:
    """Effect on Σ numerator / Σ denominator, by the delta method over users, as the users were assigned.

    The covariate is a ratio too or, without `covariate_denominator`, a mean over users.

    >>> arms = [
    ...     Moments(100, {"liked": liked, "shown": 10.0}, {"liked": 2.0, "shown": 50.0}, {("liked", "shown"): 6.0})
    ...     for liked in (2.5, 5.0)
    ... ]
    >>> effect = ratio_effect(*arms, "liked", "shown")
    >>> effect.difference.value, effect.relative.value, round(effect.standard_error, 4)
    (0.25, 1.0, 0.0326)
    """
    covariate = None if covariate_numerator is None else Formula(covariate_numerator, covariate_denominator)
    return _effect(control, test, Formula(numerator, denominator), covariate, level)


def paired_effect(users: Moments, control: str, test: str, level: float = 0.95) -> Effect:
    """Effect where the same users met both: the mean of `test` less that of `control`, as in an interleaved experiment.

    >>> users = Moments(
    ...     100, {"control": 2.0, "test": 3.0}, {"control": 4.0, "test": 5.0}, {("control", "test"): 4.0}
    ... )
    >>> paired_effect(users, "control", "test").standard_error
    0.1
    """
    below, above = figure(users, Formula(control)), figure(users, Formula(test))
    together = users.covariance(control, test)
    variance = (below.variance + above.variance - 2 * together) / users.count if users.count else NAN
    unknown = _why_unknown({"experiment": below}, variance)
    if unknown:
        return _nothing(below.value, above.value, unknown)
    ratio = above.value / below.value if below.value else NAN
    spread = above.variance + ratio**2 * below.variance - 2 * ratio * together
    relative_error = math.sqrt(spread / users.count) / abs(below.value) if below.value else NAN
    log_error = relative_error / ratio if ratio > 0 else NAN
    degrees = users.count - 1.0
    return _conclude(below, above, variance, degrees, relative_error, log_error, degrees, level)


def compare(control: Figure, test: Figure, level: float = 0.95) -> Effect:
    """Effect between two figures of different users.

    >>> compare(Figure(1, 0.1, 0.0, 0.1), Figure(9, 0.2, 0.1, 0.2)).reason
    'it takes two users to know how they vary; the control arm has 1'
    """
    parts = (
        control.variance / control.count if control.count else NAN,
        test.variance / test.count if test.count else NAN,
    )
    unknown = _why_unknown({"control arm": control, "test arm": test}, sum(parts))
    if unknown:
        return _nothing(control.value, test.value, unknown)
    base = control.observed
    # of test / control - 1 by the delta method, at the levels that were observed, as in gbstats 0.8.0
    relative_error = math.sqrt(parts[1] + parts[0] * (test.observed / base) ** 2) / abs(base) if base else NAN
    log_error = log_degrees = NAN
    if control.value > 0 and test.value > 0:
        log_parts = parts[0] / control.value**2, parts[1] / test.value**2
        log_error, log_degrees = math.sqrt(sum(log_parts)), _degrees(log_parts, control, test)
    degrees = _degrees(parts, control, test)
    return _conclude(control, test, sum(parts), degrees, relative_error, log_error, log_degrees, level)


def interval(value: float, standard_error: float, degrees: float, level: float) -> Interval:
    """Student's interval.

    >>> round(interval(0.0, 1.0, 1e9, 0.95).high, 6)
    1.959964
    """
    half = float(stdtrit(degrees, (1 + level) / 2)) * standard_error
    return Interval(value, value - half, value + half)


def _effect(control: Moments, test: Moments, formula: Formula, covariate: Formula | None, level: float) -> Effect:
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be between 0 and 1, for example 0.95")
    if covariate is None:
        return compare(figure(control, formula), figure(test, formula), level)
    return compare(*adjusted(control, test, formula, covariate), level)


def _degrees(parts: tuple[float, float], control: Figure, test: Figure) -> float:
    """Welch and Satterthwaite's degrees of freedom of a sum of two variances of means."""
    return sum(parts) ** 2 / (parts[0] ** 2 / (control.count - 1) + parts[1] ** 2 / (test.count - 1))


def _why_unknown(figures: dict[str, Figure], variance: float) -> str | None:
    for where, of_arm in figures.items():
        if of_arm.count < 2:
            return f"it takes two users to know how they vary; the {where} has {of_arm.count}"
        if not math.isfinite(of_arm.value):
            return f"the {where} has nothing to divide by, or a total that is not a number"
    if math.isnan(variance):
        return "how the users vary is not known: a variance or covariance is not a number"
    if variance <= 0:
        return "the users do not vary, so nothing says how sure the difference is"
    return None


def _nothing(control: float, test: float, reason: str) -> Effect:
    return Effect(control, test, UNKNOWN, UNKNOWN, NAN, NAN, reason)


def _conclude(
    control: Figure,
    test: Figure,
    variance: float,
    degrees: float,
    relative_error: float,
    log_error: float,
    log_degrees: float,
    level: float,
) -> Effect:
    difference, error = test.value - control.value, math.sqrt(variance)
    effect = Effect(
        control.value,
        test.value,
        interval(difference, error, degrees, level),
        UNKNOWN,
        2 * float(stdtr(degrees, -abs(difference) / error)),
        error,
        degrees=degrees,
    )
    if math.isnan(relative_error):
        return replace(effect, reason="the control arm's value is 0, so there is no relative effect")
    effect = replace(
        effect,
        relative=interval(difference / control.observed, relative_error, degrees, level),
        relative_error=relative_error,
    )
    if math.isnan(log_error):
        return replace(effect, reason="a value is not above 0, so the ratio has no logarithm")
    log = interval(math.log(test.value / control.value), log_error, log_degrees, level)
    return replace(effect, log_relative=Interval(math.expm1(log.value), math.expm1(log.low), math.expm1(log.high)))
