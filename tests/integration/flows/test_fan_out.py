"""A retraining with its heavy steps in two processes of Dask leaves the snapshot that one process leaves."""

from pathlib import Path

import duckdb
import pytest

from core.columns import ARMS
from core.settings import Settings, load_settings
from features.state_arrays import ARRAYS_FILE
from feedrank.prefect_server import Prefect
from ranking.kept import kept_file
from ranking.recommender import STATE_FILE
from warehouse.snapshots import current

TABLES = ["recommendations", "user_features", "user_topics", "post_features", "text_test", "text_control"]


def test_two_dask_workers_leave_what_one_process_leaves(
    prefect: Prefect, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.retrain import retrain

    folders = {}
    for runner in ("local", "dask"):
        monkeypatch.setenv("FEEDRANK_HOME", str(tmp_path / runner))
        monkeypatch.setenv("FEEDRANK_FLOWS__RUNNER", runner)
        assert retrain(return_state=True).name == "Completed"
        folders[runner] = current(load_settings()).folder
    for file in (ARRAYS_FILE, *map(kept_file, ARMS), *(f"{arm}.cbm" for arm in ARMS)):
        assert (folders["local"] / file).read_bytes() == (folders["dask"] / file).read_bytes(), file
    for table in TABLES:
        here, there = (read(folder / STATE_FILE, table) for folder in folders.values())
        assert len(here) > 0
        assert here == there, table
    here, there = (embeddings(tmp_path / runner) for runner in folders)
    assert len(here) == 30
    assert here == there


def read(file: Path, table: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as con:
        return con.sql(f"SELECT COLUMNS(*)::VARCHAR FROM {table}").fetchall()


def embeddings(home: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        return con.sql("FROM features.text_embeddings ORDER BY ALL").fetchall()
