"""One size of `benchmarks.scale`: from PostgreSQL to a published snapshot, and a refresh; every stage measured.

Run as a process of its own, so that its memory is its own: it is handed its arguments by `benchmarks.scale`.
"""

import sys
from pathlib import Path
from statistics import median

import duckdb
import msgspec
import numpy as np

import ranking.pipeline
import ranking.snapshot_tables
from benchmarks.report import timed
from benchmarks.scale_source import let_in
from benchmarks.stages import Stage, Stages
from core.settings import Settings
from features.daily import refresh_daily
from flows.news import note_publication
from ranking.pipeline import Inputs, load_inputs
from ranking.promotion import pass_gate
from warehouse.connection import connect, literal
from warehouse.copy import copy_source
from warehouse.snapshots import current, draft, publish
from warehouse.source import attached_source

PAIRED_EVENTS = 20_000_000  # so few are copied several times, ours and DuckDB's in turns
PAIRS = 3


class Measured(msgspec.Struct):
    """What one size took."""

    scale: float
    events: int
    new_events: int
    stages: dict[str, Stage]
    copy_ratio: float  # ours / DuckDB's bare one
    bare_copy: float  # seconds
    embedded: int  # texts that no earlier run had embedded
    snapshot_bytes: int


def main(scale: float, dsn: str, home: Path, embeddings: Path, result: Path) -> None:
    """Run all stages and write the `Measured` as JSON."""
    settings = Settings.model_validate({"home": home, "source": {"dsn": dsn}})
    home.mkdir(parents=True)
    stages = Stages()
    for module, function, name in (
        (ranking.pipeline, "fit_rankers", "fit"),
        (ranking.pipeline, "build_state", "state"),
        (ranking.pipeline, "evaluate", "evaluate"),
        (ranking.pipeline, "write_tables", "tables"),
        (ranking.snapshot_tables, "write_recommendations", "lists"),
    ):
        stages.listen(module, function, name)
    bare = [timed(lambda: _bare_copy(settings)) for _ in range(2)][-1:]  # the first one warms PostgreSQL up
    with stages.stage("copy"):
        copied = copy_source(settings, "first").copied["events"]
    ours = [stages.taken["copy"].seconds]
    if copied <= PAIRED_EVENTS:
        other = settings.model_copy(update={"home": home / "again"})
        for number in range(PAIRS - 1):
            bare.append(timed(lambda: _bare_copy(settings)))
            ours.append(timed(lambda number=number: copy_source(other, f"again {number}", full=True)))  # type: ignore[misc]
            other.warehouse_file.unlink()
    embedded = _train(settings, stages, embeddings)
    new_events = let_in(dsn)
    with stages.stage("refresh"):
        _refresh(settings, stages)
    measured = Measured(
        scale=scale,
        events=copied,
        new_events=new_events,
        stages=stages.taken,
        copy_ratio=float(np.median(np.divide(ours, bare))),
        bare_copy=median(bare),
        embedded=embedded,
        snapshot_bytes=sum(entry.bytes for entry in current(settings).manifest.files.values()),
    )
    result.write_bytes(msgspec.json.encode(measured))


def _train(settings: Settings, stages: Stages, embeddings: Path) -> int:
    """All of a retrain but the copy; how many texts had to be embedded."""
    with connect(settings) as con, draft(settings) as folder:
        with stages.stage("daily features"):
            refresh_daily(con)
        known = _bring_embeddings(con, embeddings)
        with stages.stage("embeddings"):
            inputs = load_inputs(con, settings)
        embedded = _keep_embeddings(con, embeddings) - known
        with stages.stage("judge"):
            judgement = ranking.pipeline.judge(con, inputs, settings)
        with stages.stage("train"):
            manifest = ranking.pipeline.retrain(con, inputs, judgement, folder, settings)
        with stages.stage("publish"):
            _, manifest = pass_gate(folder, manifest, judgement.comparison, None, None, settings)
            note_publication(con, publish(settings, folder, manifest).id)
    return embedded


def _refresh(settings: Settings, stages: Stages) -> None:
    with stages.stage("copy"):
        copy_source(settings, "second")
    with connect(settings) as con, draft(settings) as folder:
        with stages.stage("daily features"):
            refresh_daily(con)
        with stages.stage("inputs"):
            inputs: Inputs = load_inputs(con, settings)
        with stages.stage("write"):
            manifest = ranking.pipeline.refresh(con, inputs, current(settings), folder, settings)
        with stages.stage("publish"):
            note_publication(con, publish(settings, folder, manifest).id)


def _bare_copy(settings: Settings) -> None:
    """What DuckDB needs for the events alone, without a rule, from a new file to a closed one."""
    file = settings.home / "bare.duckdb"
    with duckdb.connect(str(file)) as con, attached_source(con, settings):
        con.execute("CREATE TABLE events AS FROM source.feed_action")
    file.unlink()


def _bring_embeddings(con: duckdb.DuckDBPyConnection, file: Path) -> int:
    if file.exists():
        con.execute(f"INSERT INTO features.text_embeddings FROM {literal(str(file))}")
    return _count(con)


def _keep_embeddings(con: duckdb.DuckDBPyConnection, file: Path) -> int:
    con.execute(f"COPY features.text_embeddings TO {literal(str(file))} (FORMAT parquet)")
    return _count(con)


def _count(con: duckdb.DuckDBPyConnection) -> int:
    return int(con.execute("SELECT count(*) FROM features.text_embeddings").fetchall()[0][0])


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2], *map(Path, sys.argv[3:6]))
