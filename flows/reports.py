"""What a run tells a person: tables and markdown for its artifacts, built without Prefect."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from core.columns import ARM
from experiments import wording
from experiments.report_schema import Report
from ranking.gate import Verdict
from warehouse.copy import CopyReport
from warehouse.reconcile import Gap
from warehouse.repair import Healed
from warehouse.snapshots import Snapshot

Table = list[dict[str, Any]]

TABLES = ("users", "posts", "events")
# what a person looks for first; the snapshot's table `evaluation` has all of them
METRICS = ("auc", "hitrate@5_all", "hitrate@5_viewed", "ndcg@10_viewed", "map@10_viewed", "coverage@10", "novelty@10")


def copy_report(report: CopyReport) -> str:
    """Rows by table, the rules that were broken, and how far the warehouse has come."""
    rows = [(name, report.read[name], report.copied[name], report.rejected[name]) for name in TABLES]
    rules = sorted(report.rejected_by_rule.items())
    return "\n\n".join(
        [
            f"# {'Full copy' if report.full else 'Copy'} in {report.seconds:.1f} s",
            _markdown(("table", "read", "copied", "rejected"), rows),
            _markdown(("rule", "rows"), rules) if rules else "No row broke a rule.",
            f"Events up to **{report.watermark_after} UTC**, before that {report.watermark_before or 'none'}; "
            f"{report.late:,} came late.",
            *([_healed(report.healed)] if report.healed.days else []),
            _gaps(report.gaps),
        ]
    )


def _healed(healed: Healed) -> str:
    return (
        f"Repaired {_plural(healed.days, 'day')}: {_plural(healed.added, 'event')} added, {healed.removed:,} removed."
    )


def _gaps(gaps: Sequence[Gap]) -> str:
    """The days that differ from the source, and by how much."""
    if not gaps:
        return "No day is known to differ from the source."
    rows = [(gap.day, gap.source, gap.held, gap.missing, gap.surplus) for gap in gaps]
    table = _markdown(("day", "in the source", "here", "missing", "too many"), rows)
    days = _plural(len(rows), "day")
    return f"**{days} not as in the source**; `ingest` with `repair` copies them again.\n\n{table}"


def metrics_by_arm(evaluation: pl.DataFrame) -> Table:
    """A row an arm or baseline, a column a metric; a metric that is not defined shows why."""
    value = pl.col("value").round(4).cast(pl.String)
    shown = evaluation.filter(pl.col("metric").is_in(METRICS)).with_columns(
        pl.when(pl.col("value").is_nan()).then(pl.col("reason")).otherwise(value).alias("value")
    )
    return shown.pivot("metric", index=ARM, values="value").to_dicts()


def snapshot_report(snapshot: Snapshot) -> str:
    """What has just been published, or stored."""
    manifest = snapshot.manifest
    size = sum(entry.bytes for entry in manifest.files.values())
    lines = [
        ("events up to", f"{manifest.watermark:%Y-%m-%d %H:%M:%S} UTC"),
        ("rankers", f"of {manifest.models_from}" if manifest.models_from else "fitted in this run"),
        ("size", f"{size / 1e6:.1f} MB in {len(manifest.files)} files"),
        *((f"rows of {table}", rows) for table, rows in manifest.rows.items()),
    ]
    return f"# {snapshot.id}\n\n{_markdown(('what', 'value'), lines)}"


def gate_report(verdict: Verdict) -> str:
    """Whether the retrained pair may be served; what spoke against it first, then every check."""
    rows = [(c.check, f"{c.value:.4f}", f"{c.bound:g}", "yes" if c.passed else "**no**") for c in verdict.checks]
    return "\n\n".join(
        [
            f"# {'Promoted' if verdict.promoted else 'Not promoted'}",
            "\n".join(f"- {reason}" for reason in verdict.reasons) or "Nothing spoke against it.",
            _markdown(("check", "value", "bound", "passed"), rows) if rows else "The gate is switched off.",
        ]
    )


def experiment_report(report: Report) -> str:
    """The verdict with its reasons, and every metric; the page has the rest."""
    rows = [
        (
            metric.title,
            wording.plain(metric.control),
            wording.plain(metric.test),
            metric.sequence.reason or wording.change_range(metric.sequence.relative),
        )
        for metric in report.metrics
    ]
    header = ("metric", "control", "test", "change, safe to look at every day")
    return "\n\n".join(
        [
            f"# {report.verdict.sentence}",
            *(f"- {reason}" for reason in report.verdict.reasons),
            *([_markdown(header, rows)] if rows else []),
        ]
    )


def _plural(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _markdown(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(value) for value in line)} |" for line in lines)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
