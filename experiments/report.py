"""An experiment judged: from the warehouse's daily statistics to one report, and to the files that others read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Final

import duckdb
import msgspec

from core.columns import INTERLEAVED
from core.files import replace_file
from core.settings import ExperimentSettings, Settings
from experiments.arm_days import arm_days, guardrails, health
from experiments.credited import interleaving
from experiments.effects_by_day import by_day, compare
from experiments.filling import ratio_looks
from experiments.horizon import days_more
from experiments.ledger import Change, changes, standing
from experiments.metrics import METRICS
from experiments.moments import crossed, moments
from experiments.pictures import pictures
from experiments.plan import Plan
from experiments.report_files import JSON, PAGE, PICTURES, report_folder
from experiments.report_page import render
from experiments.report_schema import Comparison, Interleaving, MetricReport, Range, RatioLook, Report, Segment
from experiments.segments import segments
from experiments.statistics.effects import Effect
from experiments.verdict import FAR_AWAY, ArmHealth, Evidence, judge
from experiments.wording import amount_range, change_range

FEWEST_PLANNED: Final = 1_000
UNBOUNDED: Final = Range(None, None, None)


@dataclass(frozen=True)
class Outcome:
    """What one design has found; a split has no interleaving, and the other way round."""

    told: str = ""  # what decides, as a clause
    bounds: Range = UNBOUNDED  # of the confidence sequence that it tells
    sequence: Comparison | None = None  # None: nobody in one of the arms
    effect: Effect | None = None
    users: int = 0
    metrics: list[MetricReport] = field(default_factory=list)
    sample_ratio: list[RatioLook] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    interleaving: Interleaving | None = None


def has_exposures(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether anybody has been shown anything in any experiment."""
    return con.execute("FROM experiments.experiment_daily LIMIT 1").fetchone() is not None


def build_report(con: duckdb.DuckDBPyConnection, settings: Settings, plan: Plan, changes: Sequence[Change]) -> Report:
    """The report on `plan`, from the daily statistics as they are; `changes` are all that the ledger holds."""
    level = settings.experiment.level
    own = [change for change in changes if change.plan.salt == plan.salt]
    tuning = planned_users(con)
    if plan.design == INTERLEAVED:
        outcome = _interleaved(con, plan, level, tuning)
    else:
        outcome = _split(con, plan, own, settings.experiment, tuning)
    arms = health(con, plan.salt)
    in_both = crossed(con, plan.salt)
    first, last, days = _days(con, plan.salt)
    evidence = replace(
        _evidence(outcome, arms, days, level, tuning),
        crossed=in_both,
        over=not plan.runs,
        reweighed=any(change.action == "weights" for change in own),
    )
    return Report(
        experiment=plan.name,
        made_at=datetime.now(UTC).replace(microsecond=0),
        verdict=judge(evidence),
        plan=plan,
        changes=own,
        level=level,
        first_day=first,
        last_day=last,
        users={arm: found.users for arm, found in arms.items()},
        crossed=in_both,
        metrics=outcome.metrics,
        sample_ratio=outcome.sample_ratio,
        guardrails=guardrails(con, plan.salt),
        segments=outcome.segments,
        interleaving=outcome.interleaving,
    )


def report_on_standing(con: duckdb.DuckDBPyConnection, settings: Settings) -> Report | None:
    """Build and write the report on the experiment that the ledger ends with; None if none was ever started."""
    history = changes(settings)
    plan = standing(history)
    if plan is None:
        return None
    made = build_report(con, settings, plan, history)
    write_report(settings, made)
    return made


def write_report(settings: Settings, report: Report) -> None:
    """Replace the files of the experiment, each as a whole."""
    folder = report_folder(settings, report.experiment)
    drawn = pictures(report)
    page = render(report, drawn).encode()
    replace_file(folder / JSON, msgspec.json.encode(report))
    replace_file(folder / PAGE, page)
    replace_file(folder / PICTURES, msgspec.json.encode(drawn))


def planned_users(con: duckdb.DuckDBPyConnection) -> int:
    """At how many users the confidence sequence is to be tightest: about as many as the network has.

    It must not be chosen by what the experiment shows, nor move from look to look, so it is a power of ten; being wrong
    by such a factor widens the sequence by a tenth.
    """
    [(users,)] = con.execute("SELECT count(*) FROM raw.users").fetchall()
    return max(FEWEST_PLANNED, int(10 ** round(math.log10(max(users, 1)))))


def _split(
    con: duckdb.DuckDBPyConnection, plan: Plan, changes: list[Change], settings: ExperimentSettings, tuning: int
) -> Outcome:
    primary = METRICS[settings.metric]
    ratio = ratio_looks(con, plan, changes)
    days = by_day(moments(con, plan.salt, plan.started_at, settings.before_days))
    if not days:
        return Outcome(sample_ratio=ratio)
    found = {}
    for name, metric in METRICS.items():
        alone = arm_days(con, plan.salt, metric, settings.level)
        found[name] = compare(metric, days, alone, settings.level, tuning, primary=metric is primary)
    best = found[primary.name]
    return Outcome(
        told=f"test changes the {primary.title.lower()} by {change_range(best.report.sequence.relative)}",
        bounds=best.report.sequence.relative,
        sequence=best.report.sequence,
        effect=best.effect,
        users=best.users,
        metrics=[one.report for one in found.values()],
        sample_ratio=ratio,
        segments=segments(con, plan, primary, settings.before_days, settings.level),
    )


def _interleaved(con: duckdb.DuckDBPyConnection, plan: Plan, level: float, tuning: int) -> Outcome:
    credited, effect = interleaving(con, plan, level, tuning)
    return Outcome(
        told=f"a user likes {amount_range(credited.sequence.difference)} more posts of test than of control",
        bounds=credited.sequence.difference,
        sequence=credited.sequence,
        effect=effect,
        users=credited.users,
        interleaving=credited,
    )


def _evidence(outcome: Outcome, arms: Mapping[str, ArmHealth], days: int, level: float, tuning: int) -> Evidence:
    low, high = _or_nan(outcome.bounds.low), _or_nan(outcome.bounds.high)
    why = (outcome.sequence.reason if outcome.sequence else None) or "one of the arms has no users"
    more = None
    if outcome.effect is not None and low <= 0 <= high and days:
        relative = outcome.interleaving is None
        more = days_more(outcome.effect, outcome.users, days, level, tuning, FAR_AWAY, relative=relative)
    return Evidence(
        days=days,
        arms=arms,
        sample_ratio=_or_nan(outcome.sample_ratio[-1].p_value) if outcome.sample_ratio else math.nan,
        low=low,
        high=high,
        told=outcome.told,
        days_more=more,
        reason=why if math.isnan(low) else None,
    )


def _days(con: duckdb.DuckDBPyConnection, salt: str) -> tuple[date | None, date | None, int]:
    """The first and last day with answers, and their number."""
    [(first, last, days)] = con.execute(
        """
        SELECT min(day), max(day), count(DISTINCT day) FROM experiments.experiment_daily
        WHERE salt = $salt AND answers > 0
        """,
        {"salt": salt},
    ).fetchall()
    return first, last, days


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
