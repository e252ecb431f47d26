"""An experiment judged: from the warehouse's daily statistics to one report, and to the files that others read."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import duckdb
import msgspec
import polars as pl

from core.columns import ARM, ARMS, CONTROL, DAY, TEST
from core.settings import Settings
from experiments.arm_days import arm_days, guardrails, health
from experiments.compared import as_range, from_effect, from_sequence, number
from experiments.credited import interleaving
from experiments.filling import ratio_looks
from experiments.horizon import days_more
from experiments.ledger import Change
from experiments.metrics import METRICS, Metric, effect
from experiments.moments import crossed, moments
from experiments.plan import Plan
from experiments.report_files import JSON, PAGE, report_folder, write_atomically
from experiments.report_page import render
from experiments.report_schema import Look, MetricReport, Report
from experiments.segments import segments
from experiments.statistics import Effect, Moments, always_valid
from experiments.verdict import FAR_AWAY, Evidence, judge
from experiments.wording import change_range

__all__ = ["build_report", "write_report"]


def build_report(con: duckdb.DuckDBPyConnection, settings: Settings, plan: Plan, changes: Sequence[Change]) -> Report:
    """The report on `plan`, from `experiment_daily` as it is; `changes` are the ledger's, of whatever experiment."""
    level = settings.experiment.level
    own = [change for change in changes if change.plan.salt == plan.salt]
    arms = health(con, plan.salt)
    first, last, days = _days(con, plan.salt)
    tuning = planned_users(con)
    if plan.design == "interleaved":
        credited, best = interleaving(con, plan, level, tuning)
        low, high = credited.sequence.difference.low, credited.sequence.difference.high
        told = _likes_told(credited.sequence.difference.value, low, high)
        metric_reports, ratio, parts, users, title = [], [], [], credited.users, "likes of interleaved posts"
        reason = credited.sequence.reason
    else:
        credited = None
        tables = _moments_by_day(moments(con, plan.salt, plan.started_at, settings.experiment.before_days))
        metric_reports, effects = [], {}
        for metric in METRICS.values():
            primary = metric.name == settings.experiment.metric
            found, effects[metric.name] = _metric_report(con, plan, metric, tables, level, tuning, primary=primary)
            metric_reports.append(found)
        chosen = next(found for found in metric_reports if found.primary)
        best, title = effects[chosen.name], chosen.title.lower()
        low, high = chosen.sequence.difference.low, chosen.sequence.difference.high
        told, reason = change_range(chosen.sequence.relative), chosen.sequence.reason
        users = chosen.looks[-1].users if chosen.looks else 0
        ratio = ratio_looks(con, plan, own)
        metric = METRICS[chosen.name]
        parts = segments(con, plan, metric, settings.experiment.before_days, level) if tables else []
    undecided = reason is None and low is not None and high is not None and low <= 0 <= high and plan.ended_at is None
    evidence = Evidence(
        metric=title,
        days=days,
        arms=arms,
        crossed=crossed(con, plan.salt),
        sample_ratio=math.nan if not ratio or ratio[-1].p_value is None else ratio[-1].p_value,
        low=math.nan if low is None else low,
        high=math.nan if high is None else high,
        told=told,
        days_more=days_more(best, users, days, level, tuning, FAR_AWAY) if undecided else None,
        reason=reason,
        over=plan.ended_at is not None,
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
        crossed=evidence.crossed,
        metrics=metric_reports,
        sample_ratio=ratio,
        guardrails=guardrails(con, plan.salt),
        segments=parts,
        interleaving=credited,
    )
