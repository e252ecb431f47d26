"""What the page Models shows: which snapshot was live when, and how good the rankers of each are.

A snapshot never changes, so what has been read of it is kept: its figures, and how much its rankers lean on each
feature, which CatBoost tells from the ranker's own trees.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import polars as pl

from core.clock import in_utc
from core.columns import ARMS
from core.settings import Settings, SnapshotSettings
from ranking.drift import is_compared
from ranking.evaluation import Evaluation
from ranking.gate import GATE_SCHEMA
from ranking.promotion import GATE_TABLE
from ranking.recommender import STATE_FILE, ranker_file
from ranking.train import feature_importances, load_ranker
from warehouse.frames import read_frames
from warehouse.snapshot_folder import current_id
from warehouse.snapshots import Snapshot, Switch, history, list_snapshots, open_snapshot, refused_ids

KEPT: Final = 16  # snapshots whose figures are remembered
# counts, which say how much stands behind the others
BEHIND: Final = ("users", "rows")
PSI, NULLS = "PSI of ", "share of nulls in "


class Measured(NamedTuple):
    """A figure with its 95 % interval; None where undefined, with the reason."""

    value: float | None
    low: float | None
    high: float | None
    reason: str | None = None


class Bin(NamedTuple):
    """A tenth of the predictions and what became of them; bin 0 is all."""

    bin: int
    predicted: float
    observed: float
    low: float
    high: float
    views: int
    gap: float


class Check(NamedTuple):
    """One thing that the gate looked at."""

    check: str
    value: float | None
    bound: float
    passed: bool
    reason: str | None


class Drift(NamedTuple):
    """A feature's distance from what the standing pair was trained on, and how much of it is missing."""

    feature: str
    psi: Check | None  # None: not compared
    missing: Check | None
    compared: bool  # running totals and the like never are


@dataclass(frozen=True)
class Figures:
    """What is known of the pair of a snapshot."""

    metrics: dict[str, dict[str, Measured]]  # by metric and contestant
    segments: dict[str, dict[str, dict[str, Measured]]]  # by segment, metric and contestant
    calibration: dict[str, list[Bin]]  # by arm
    gate: list[Check]
    importances: dict[str, dict[str, float]]  # by arm and feature, the largest first; a share of 0 to 1

    @property
    def contestants(self) -> list[str]:
        """Who was judged: the arms, the standing pair, the baselines, as they were written down."""
        found: dict[str, None] = dict.fromkeys(ARMS)
        for by_contestant in self.metrics.values():
            found.update(dict.fromkeys(by_contestant))
        return [one for one in found if any(one in measured for measured in self.metrics.values())]

    @property
    def drift(self) -> list[Drift]:
        """By feature, the farthest first."""
        found = {
            kind: {one.check.removeprefix(kind): one for one in self.gate if one.check.startswith(kind)}
            for kind in (PSI, NULLS)
        }
        told = [
            Drift(feature, found[PSI].get(feature), found[NULLS].get(feature), is_compared(feature))
            for feature in dict.fromkeys([*found[PSI], *found[NULLS]])
        ]
        return sorted(told, key=lambda one: -((one.psi.value if one.psi else None) or -1))

    @property
    def rivals(self) -> list[Check]:
        """What the gate said of the pair itself."""
        return [one for one in self.gate if not one.check.startswith((PSI, NULLS))]


class Period(NamedTuple):
    """A snapshot's time in service."""

    snapshot: str
    since: datetime
    until: datetime | None  # None: it is live
    action: str
    by: str
    kept: bool  # it can still be opened


@dataclass(frozen=True)
class Shelf:
    """All there is: snapshots, the newest first, and who was live when, the latest first."""

    snapshots: list[Snapshot]
    refused: set[str]
    live: str | None
    periods: list[Period]

    def last_live(self, snapshot_id: str) -> Period | None:
        return next((one for one in self.periods if one.snapshot == snapshot_id), None)


def here(settings: Settings) -> Settings:
    """The settings of this machine's own folder: a page waits for no store."""
    return settings.model_copy(update={"snapshots": SnapshotSettings()})


def shelf(settings: Settings) -> Shelf:
    """What this machine has."""
    own = here(settings)
    snapshots = list_snapshots(own)
    ids = {one.id for one in snapshots}
    return Shelf(snapshots, refused_ids(own), current_id(own.snapshots_folder), periods(history(own), ids))


def periods(switches: list[Switch], kept: set[str]) -> list[Period]:
    """Who was live when, the latest first."""
    ends: list[datetime | None] = [in_utc(switch.time) for switch in switches[1:]]
    told = [
        Period(one.snapshot, in_utc(one.time), end, one.action, one.by, one.snapshot in kept)
        for one, end in zip(switches, [*ends, None], strict=False)
    ]
    return told[::-1]


def figures_of(settings: Settings, snapshot_id: str) -> tuple[Snapshot, Figures]:
    """A snapshot and what is known of its pair.

    Raises:
        SnapshotNotFound: there is none by that id.
        SnapshotDamaged: its files are not what was published.
    """
    snapshot = open_snapshot(here(settings), snapshot_id)
    return snapshot, _figures(snapshot.folder)


@lru_cache(KEPT)
def _figures(folder: Path) -> Figures:
    with duckdb.connect(str(folder / STATE_FILE), read_only=True) as tables:
        evaluation = Evaluation.read(tables)
        gate = read_frames(tables, {GATE_TABLE}).get(GATE_TABLE, GATE_SCHEMA.to_frame())
    metrics: dict[str, dict[str, Measured]] = {}
    for arm, metric, *measured in evaluation.table.fill_nan(None).rows():
        metrics.setdefault(metric, {})[arm] = Measured(*measured)
    segments: dict[str, dict[str, dict[str, Measured]]] = {}
    for segment, arm, metric, *measured in evaluation.segments.fill_nan(None).rows():
        segments.setdefault(segment, {}).setdefault(metric, {})[arm] = Measured(*measured)
    calibration: dict[str, list[Bin]] = {}
    for arm, *bins in evaluation.calibration.rows():
        calibration.setdefault(arm, []).append(Bin(*bins))
    return Figures(
        metrics,
        segments,
        calibration,
        [Check(*one) for one in gate.with_columns(pl.col("value").fill_nan(None)).rows()],
        {arm: _importances(folder / ranker_file(arm)) for arm in ARMS},
    )


def _importances(file: Path) -> dict[str, float]:
    found = feature_importances(load_ranker(file))
    return dict(zip(found["feature"], (found["importance"] / 100).to_list(), strict=True))
