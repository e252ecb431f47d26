"""The gate at work on a snapshot under construction: its features are read, the verdict is written into it.

Two tables are the pair's and not the day's, so a refresh carries them on: `feature_distribution`, what the features
were at training, and `gate`, every check with its value and bound.
"""

from pathlib import Path

import duckdb
import polars as pl
from msgspec.structs import replace

from core.logging import get_logger
from core.settings import Settings
from ranking import gate
from ranking.comparison import Comparison
from ranking.drift import DISTRIBUTION_SCHEMA, distribution, drift, is_compared, snapshot_features
from ranking.recommender import STATE_FILE
from warehouse.connection import connect_draft
from warehouse.frames import read_frames, write_frames
from warehouse.snapshots import GateOutcome, ManifestBody, Snapshot

log = get_logger(__name__)

DISTRIBUTION_TABLE, GATE_TABLE = "feature_distribution", "gate"


def pass_gate(
    folder: Path,
    manifest: ManifestBody,
    comparison: Comparison,
    no_standing: str | None,
    standing: Snapshot | None,
    settings: Settings,
) -> tuple[gate.Verdict, ManifestBody]:
    """Decide whether the retrained pair in `folder` may be published; writes both tables and completes the manifest.

    `comparison` has the standing pair in it, or `no_standing` says why not. With `gate.enabled` off nothing is checked.
    """
    with connect_draft(settings, folder / STATE_FILE) as snapshot:
        features = dict(snapshot_features(snapshot))
        found = pl.concat([distribution(name, values) for name, values in features.items()])
        checks = _checks(features, found, comparison, no_standing, standing, settings) if settings.gate.enabled else []
        verdict = gate.Verdict(tuple(checks))
        tables = {DISTRIBUTION_TABLE: found, GATE_TABLE: verdict.table}
        write_frames(snapshot, tables)
    for reason in verdict.reasons:
        log.warning("promotion gate: %s", reason)
    return verdict, replace(
        manifest,
        rows={**manifest.rows, **{name: frame.height for name, frame in tables.items()}},
        gate=GateOutcome(verdict.promoted, verdict.reasons) if settings.gate.enabled else None,
    )


def carry_tables(source: Path, target: Path) -> None:
    """Copy both tables from one `features.duckdb` into another; a snapshot of before the gate has none."""
    with duckdb.connect(str(source), read_only=True) as standing, duckdb.connect(str(target)) as snapshot:
        write_frames(snapshot, read_frames(standing, {DISTRIBUTION_TABLE, GATE_TABLE}))


def _checks(
    features: dict[str, pl.Series],
    found: pl.DataFrame,
    comparison: Comparison,
    no_standing: str | None,
    standing: Snapshot | None,
    settings: Settings,
) -> list[gate.Check]:
    proven = standing is not None and standing.manifest.proven
    trained = _trained_distribution(standing)
    # of a pair that was too young to be judged the features are too young as well: their windows were still filling
    grown = standing is not None and standing.manifest.judged_until is not None
    references = {str(name): rows for (name,), rows in trained.group_by("feature")} if grown else {}
    compared = {name: rows for name, rows in references.items() if name in features and is_compared(name)}
    return [
        *gate.compare_rankers(
            comparison,
            settings.gate,
            stands=standing is not None,
            proven=proven,
            seed=settings.ranking.seed,
            no_standing=no_standing,
        ),
        *gate.check_nulls(_missing(found), _missing(trained), settings.gate, proven=proven),
        *gate.check_drift(
            {name: drift(features[name], rows) for name, rows in sorted(compared.items())},
            settings.gate,
            proven=proven,
        ),
        *gate.gone_features(set(references), set(features)),
    ]


def _trained_distribution(standing: Snapshot | None) -> pl.DataFrame:
    if standing is not None:
        with duckdb.connect(str(standing.folder / STATE_FILE), read_only=True) as snapshot:
            return read_frames(snapshot, {DISTRIBUTION_TABLE}).get(DISTRIBUTION_TABLE, DISTRIBUTION_SCHEMA.to_frame())
    return DISTRIBUTION_SCHEMA.to_frame()


def _missing(distributions: pl.DataFrame) -> dict[str, float]:
    missing = distributions.filter("missing")
    return dict(zip(missing["feature"], missing["share"], strict=True))
