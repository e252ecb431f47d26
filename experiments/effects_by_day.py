"""One metric of a split experiment, from the users' totals: at the end of each day, and as it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from core.columns import ARM, COMPARED, CONTROL, DAY, TEST
from experiments.compared import as_range, from_effect, from_sequence, number
from experiments.metrics import Metric, effect
from experiments.report_schema import ArmDay, Look, MetricReport
from experiments.statistics.effects import Effect
from experiments.statistics.moments import Moments
from experiments.statistics.sequences import always_valid

ByArm = Mapping[str, Moments]


@dataclass(frozen=True)
class Found:
    """A metric for the report, and the effect that its confidence sequence lies around."""

    report: MetricReport
    effect: Effect
    users: int


def by_day(table: pl.DataFrame) -> dict[date, ByArm]:
    """Moments by arm at the end of each day on which both arms have somebody."""
    days: dict[date, dict[str, Moments]] = {}
    for row in table.sort(DAY).iter_rows(named=True):
        days.setdefault(row[DAY], {})[row[ARM]] = Moments.from_row(row)
    return {day: arms for day, arms in days.items() if all(arm in arms for arm in COMPARED)}


def compare(
    metric: Metric, days: Mapping[date, ByArm], alone: list[ArmDay], level: float, tuning: int, *, primary: bool
) -> Found:
    """The metric's report. `days` must not be empty."""
    looks = []
    for day, arms in days.items():
        best = _best(metric, arms, level)
        users = _users(arms)
        sequence = always_valid(best, users, level, tuning=tuning)
        looks.append(Look(day, users, as_range(sequence.relative), as_range(sequence.difference)))
    plain = effect(replace(metric, covariate=None), arms[CONTROL], arms[TEST], level)
    report = MetricReport(
        name=metric.name,
        title=metric.title,
        meaning=metric.meaning,
        primary=primary,
        control=number(plain.control),
        test=number(plain.test),
        fixed=from_effect(plain),
        cuped=from_effect(effect(metric, arms[CONTROL], arms[TEST], level)),
        sequence=from_sequence(sequence, best.reason),
        looks=looks,
        days=alone,
    )
    return Found(report, best, users)


def _best(metric: Metric, arms: ByArm, level: float) -> Effect:
    """After CUPED, which only narrows it; without, where the past is not known."""
    adjusted = effect(metric, arms[CONTROL], arms[TEST], level)
    if adjusted.standard_error > 0:
        return adjusted
    return effect(replace(metric, covariate=None), arms[CONTROL], arms[TEST], level)


def _users(arms: ByArm) -> int:
    return sum(arms[arm].count for arm in COMPARED)
