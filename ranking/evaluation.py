"""The tables an evaluation leaves in a snapshot: made by retraining, carried over by refreshing."""

from dataclasses import dataclass
from typing import Final, Self

import duckdb
import polars as pl

from core.columns import ARM
from warehouse.frames import read_frames, write_frames

_INTERVAL: Final = {
    "value": pl.Float64,  # NaN where undefined
    "low": pl.Float64,  # bounds of the 95 % interval, NaN for what has none
    "high": pl.Float64,
    "reason": pl.String,  # why value is NaN, else NULL
}
EVALUATION_SCHEMA: Final = pl.Schema({ARM: pl.String, "metric": pl.String, **_INTERVAL})
SEGMENTS_SCHEMA: Final = pl.Schema({"segment": pl.String, ARM: pl.String, "metric": pl.String, **_INTERVAL})
CALIBRATION_SCHEMA: Final = pl.Schema(
    {
        ARM: pl.String,
        "bin": pl.Int64,  # 1 … 10 by ascending prediction; 0: all views
        "predicted": pl.Float64,  # mean probability of a like
        "observed": pl.Float64,  # share of views liked
        "low": pl.Float64,  # bounds of the 95 % interval of `observed`
        "high": pl.Float64,
        "views": pl.Int64,
        "gap": pl.Float64,  # |predicted - observed|; of bin 0 its mean over views: the expected calibration error
    }
)
REPLAY_SCHEMA: Final = pl.Schema(
    {
        ARM: pl.String,
        "k": pl.Int64,
        **_INTERVAL,
        "matched": pl.Int64,  # views of a post on the list of its viewer: what the estimate stands on
        "believable": pl.Boolean,  # whether the check of random exposure speaks against the estimate
        "verdict": pl.String,  # the same in words
    }
)
EXPOSURE_SCHEMA: Final = pl.Schema(
    {
        "check": pl.String,
        ARM: pl.String,  # NULL where the check is about the feed as a whole
        "value": pl.Float64,
        "low": pl.Float64,  # 95 % interval
        "high": pl.Float64,
        "expected": pl.Float64,  # in a feed that shows posts at random
        "tolerance": pl.Float64,  # how far from `expected` still does no harm
        "passed": pl.Boolean,
        "meaning": pl.String,
    }
)


@dataclass(frozen=True)
class Evaluation:
    """The frames of one evaluation; their names in a snapshot are in `TABLES`."""

    table: pl.DataFrame  # EVALUATION_SCHEMA: a row an arm and metric
    segments: pl.DataFrame  # SEGMENTS_SCHEMA: the same for new and old users, and for young posts
    calibration: pl.DataFrame  # CALIBRATION_SCHEMA: a row an arm and bin of predictions
    replay: pl.DataFrame  # REPLAY_SCHEMA: a row an arm and length of list
    exposure: pl.DataFrame  # EXPOSURE_SCHEMA: whether the feed showed posts at random, as replay takes for granted

    def write(self, snapshot: duckdb.DuckDBPyConnection) -> None:
        """Create the tables."""
        write_frames(snapshot, {name: getattr(self, field) for field, name in TABLES.items()})

    @classmethod
    def read(cls, snapshot: duckdb.DuckDBPyConnection) -> Self:
        """Read the tables; those that a snapshot of an earlier version does not have are empty."""
        found = read_frames(snapshot, set(TABLES.values()))
        return cls(**{field: found.get(name, SCHEMAS[field].to_frame()) for field, name in TABLES.items()})


TABLES: Final = {
    "table": "evaluation",
    "segments": "evaluation_segments",
    "calibration": "calibration",
    "replay": "replay",
    "exposure": "exposure_check",
}
SCHEMAS: Final = {
    "table": EVALUATION_SCHEMA,
    "segments": SEGMENTS_SCHEMA,
    "calibration": CALIBRATION_SCHEMA,
    "replay": REPLAY_SCHEMA,
    "exposure": EXPOSURE_SCHEMA,
}
