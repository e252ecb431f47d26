"""Can the experiment's numbers be believed? Thousands of simulated experiments whose truth is known.

A/A: both arms are the same, and somebody looks every day for 60 days and would stop at the first sign of an effect.
How often does each test err at any look, and how often does each check of the sample ratio cry wolf? Planted: the test
arm likes 5 % more. How often does the 95 % interval hold it, and does CUPED take off as much variance as it promises?
"""

import sys
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.experiment_users import Users, arms_at_the_end, arms_day_by_day, arms_of_splits
from benchmarks.report import Row, report
from experiments.metrics import LIKE_RATE, LIKES, METRICS, Metric, effect
from experiments.statistics.effects import Effect, mean_effect, ratio_effect
from experiments.statistics.figures import correlation
from experiments.statistics.moments import Moments
from experiments.statistics.sample_ratio import ALARM, always_valid_sample_ratio, sample_ratio
from experiments.statistics.sequences import always_valid

RUNS = 2_000
DAYS = 60
USERS = 2_000  # by the last day, both arms together
PLANTED_USERS = 4_000
LIFT = 0.05
CUPED_USERS = 8_000
SPLITS = 20_000  # of the same users: the ratio of two variances is then known to half a point
CHUNK = 500
RATIO_RUNS = 5_000
ALPHA = 0.05
SEED = 20260101
JUDGED = (METRICS[LIKE_RATE], METRICS[LIKES])


def main() -> bool:
    """Simulate everything; True when every bound holds."""
    started = time.perf_counter()
    rows = [
        *_looks("arriving", present_at_start=0.3),
        # the sequence's time is its users: what if their number stands still and only their totals grow?
        *_looks("all there", present_at_start=1.0),
        *_false_alarms(),
        *_coverage(),
        *_cuped(),
    ]
    return report("experiments", [*rows, Row("all of it", time.perf_counter() - started, "s")])


def _looks(world: str, present_at_start: float) -> Iterator[Row]:
    """A/A with a look every day: shares of runs in which each test found something at any look."""
    rng = np.random.default_rng(SEED)
    naive, sequence = np.ones((2, RUNS, len(JUDGED), DAYS))  # p-values
    for run in range(RUNS):
        users = Users.draw(rng, USERS)
        for day, (control, test) in enumerate(arms_day_by_day(users, *users.day_by_day(DAYS, present_at_start))):
            for which, metric in enumerate(JUDGED):
                found = effect(metric, control, test)
                naive[run, which, day] = found.p_value
                sequence[run, which, day] = always_valid(found, control.count + test.count, tuning=USERS).p_value
    for which, metric in enumerate(JUDGED):
        name = f"A/A, {world}, {metric.name}"
        yield Row(f"{name}: one look errs", _percent(naive[:, which, -1] < ALPHA), "%")
        yield Row(f"{name}: daily looks err, naive", _percent((naive[:, which] < ALPHA).any(axis=1)), "%", "> 10")
        wrong = _percent((sequence[:, which] < ALPHA).any(axis=1))
        yield Row(f"{name}: daily looks err, anytime-valid", wrong, "%", "<= 5")


def _false_alarms() -> Iterator[Row]:
    """The sample ratio of a fair coin, with some hundred new users a day."""
    rng = np.random.default_rng(SEED)
    new = rng.poisson(300, (RATIO_RUNS, DAYS))
    control = rng.binomial(new, 0.5).cumsum(axis=1)
    test = new.cumsum(axis=1) - control
    shape = (RATIO_RUNS, DAYS)
    looks = list(zip(control.ravel().tolist(), test.ravel().tolist(), strict=True))
    chi_square = np.array([sample_ratio(pair, (0.5, 0.5)) for pair in looks]).reshape(shape) < ALARM
    anytime = np.array([always_valid_sample_ratio(pair, (0.5, 0.5)) for pair in looks]).reshape(shape) < ALARM
    yield Row("sample ratio: chi-square once, false alarms", _percent(chi_square[:, -1]), "%", "<= 0.2")
    yield Row("sample ratio: chi-square every day", _percent(chi_square.any(axis=1)), "%")
    yield Row("sample ratio: anytime-valid every day", _percent(anytime.any(axis=1)), "%", "<= 0.2")


def _coverage() -> Iterator[Row]:
    """Whether intervals hold the planted lift; the share may be off by one point of 95 %."""
    rng = np.random.default_rng(SEED)
    held: dict[str, list[bool]] = {}
    for _ in range(RUNS):
        users = Users.draw(rng, PLANTED_USERS, LIFT)
        arms = arms_at_the_end(users, users.at_the_end(DAYS))
        for metric in JUDGED:
            for how, found in (("", _plain(metric, *arms)), (" after CUPED", effect(metric, *arms))):
                for scale, interval in (("", found.relative), (" by logarithm", found.log_relative)):
                    held.setdefault(metric.name + how + scale, []).append(interval.low <= LIFT <= interval.high)
    for name, runs in held.items():
        share = _percent(runs)
        yield Row(f"+5 %, {name}: 95 % interval holds it", share, "%")
        yield Row(f"+5 %, {name}: off 95 % by", abs(share - 95), "points", "<= 1")


def _cuped() -> Iterator[Row]:
    """The variance of the estimates over many splits of the same users, with CUPED as a share of that without."""
    rng = np.random.default_rng(SEED)
    users = Users.draw(rng, CUPED_USERS)
    totals = users.at_the_end(DAYS)
    everybody = sum(arms_at_the_end(users, totals), Moments(0, {}, {}, {}))
    plain, adjusted = np.zeros((2, SPLITS, len(JUDGED)))
    for start in range(0, SPLITS, CHUNK):
        splits = rng.random((CHUNK, CUPED_USERS)) < 0.5
        for run, arms in enumerate(arms_of_splits(totals, splits), start):
            for which, metric in enumerate(JUDGED):
                plain[run, which] = _plain(metric, *arms).difference.value
                adjusted[run, which] = effect(metric, *arms).difference.value
    for which, metric in enumerate(JUDGED):
        assert metric.past is not None
        promised = 100 * (1 - correlation(everybody, metric.formula, metric.past) ** 2)
        left = 100 * float(adjusted[:, which].var() / plain[:, which].var())
        yield Row(f"CUPED, {metric.name}: variance left", left, f"%; 1 - ρ² is {promised:.1f}")
        yield Row(f"CUPED, {metric.name}: off by", abs(left - promised), "points", "<= 2")


def _plain(metric: Metric, control: Moments, test: Moments) -> Effect:
    if metric.denominator is None:
        return mean_effect(control, test, metric.numerator)
    return ratio_effect(control, test, metric.numerator, metric.denominator)


def _percent(happened: ArrayLike) -> float:
    return 100 * float(np.asarray(happened, np.bool_).mean())


if __name__ == "__main__":
    sys.exit(not main())
