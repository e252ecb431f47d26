"""Leftovers are old spill files and logs, and nothing else in the home folder."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.settings import Settings
from flows.leftovers import find_leftovers


def test_only_old_spill_files_and_logs_are_found(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    old = ["spill/a.tmp", "spill/deep/b.tmp", "logs/api.log", "warehouse.duckdb", "snapshots/x/control.cbm"]
    for name in [*old, "spill/fresh.tmp", "logs/fresh.log"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    eight_days_ago = (datetime.now(UTC) - timedelta(days=8)).timestamp()
    for name in old:
        os.utime(tmp_path / name, (eight_days_ago, eight_days_ago))
    found = [path.relative_to(tmp_path).as_posix() for path in find_leftovers(settings, timedelta(days=7))]
    assert found == ["logs/api.log", "spill/a.tmp", "spill/deep/b.tmp"]
    assert find_leftovers(settings, timedelta(days=9)) == []


def test_an_empty_home_has_none(tmp_path: Path) -> None:
    assert find_leftovers(Settings(home=tmp_path / "none"), timedelta(days=1)) == []
