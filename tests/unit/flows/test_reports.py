"""What runs tell a person: rows that add up, metrics side by side, reasons in place of numbers that do not exist."""

from dataclasses import replace
from datetime import date, datetime

import polars as pl

from flows.reports import copy_report, metrics_by_arm
from warehouse.copy import CopyReport
from warehouse.reconcile import Gap
from warehouse.repair import Healed

REPORT = CopyReport(
    read={"users": 10, "posts": 5, "events": 12_345},
    copied={"users": 10, "posts": 5, "events": 12_000},
    rejected={"users": 0, "posts": 0, "events": 345},
    rejected_by_rule={"events.unknown_user": 345},
    late=7,
    exposures=0,
    watermark_before=None,
    watermark_after=datetime(2026, 3, 1, 12),
    full=True,
    healed=Healed(days=2, added=31, removed=1),
    gaps=[Gap(date(2026, 2, 3), source=1_200, held=1_190), Gap(date(2026, 2, 5), source=7, held=7)],
    seconds=1.25,
)


def test_a_copy_is_told_by_table_and_rule() -> None:
    report = copy_report(REPORT)
    assert report.startswith("# Full copy in 1.2 s")
    assert "| events | 12,345 | 12,000 | 345 |" in report
    assert "| events.unknown_user | 345 |" in report
    assert "2026-03-01 12:00:00 UTC" in report


def test_days_that_differ_from_the_source_are_named() -> None:
    report = copy_report(REPORT)
    assert "Repaired 2 days: 31 events added, 1 removed." in report
    assert "| 2026-02-03 | 1,200 | 1,190 | 10 | 0 |" in report
    assert "| 2026-02-05 | 7 | 7 | 0 | 0 |" in report
    whole = copy_report(replace(REPORT, healed=Healed(), gaps=[]))
    assert "Repaired" not in whole
    assert "No day is known to differ" in whole


def test_metrics_stand_side_by_side_and_undefined_ones_say_why() -> None:
    evaluation = pl.DataFrame(
        {
            "arm": ["control", "control", "popular", "popular", "popular"],
            "metric": ["auc", "coverage@10", "auc", "coverage@10", "users"],
            "value": [0.61234567, float("nan"), 0.5, 0.25, 9.0],
            "reason": [None, "no list", None, None, None],
        }
    )
    assert metrics_by_arm(evaluation) == [
        {"arm": "control", "auc": "0.6123", "coverage@10": "no list"},
        {"arm": "popular", "auc": "0.5", "coverage@10": "0.25"},
    ]
