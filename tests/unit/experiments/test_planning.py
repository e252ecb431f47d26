"""How long an experiment must run, told from the views and likes of the days before it."""

from pathlib import Path

import duckdb
import pytest

from core.errors import ExperimentError
from core.settings import ExperimentSettings, Settings
from experiments.planning import Past, duration, past
from experiments.statistics.power import users_needed
from warehouse.connection import connect

OURS = ExperimentSettings()


@pytest.fixture
def warehouse(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """4,000 users of whom each day one in four views ten posts and likes one, two or none, for 14 days."""
    con = connect(Settings(home=tmp_path))
    con.execute(
        """
        INSERT INTO features.user_day
        SELECT u, DATE '2026-01-01' + d::INTEGER, 10, (hash(u, d) % 3)::INTEGER
        FROM range(4000) AS users (u), range(14) AS days (d)
        WHERE hash(u, d, 1) % 4 = 0
        """
    )
    return con


def test_more_days_bring_more_users_who_are_known_better(warehouse: duckdb.DuckDBPyConnection) -> None:
    seen = past(warehouse, "like_rate", coverage=1.0)
    assert seen.days == [1, 2, 3, 5, 7, 10, 14]
    counts = [one.count for one in seen.figures]
    assert counts == sorted(counts)
    assert counts[0] == pytest.approx(1_000, rel=0.1)
    assert counts[-1] == pytest.approx(4_000 * (1 - 0.75**14), rel=0.02)
    assert [one.value for one in seen.figures] == pytest.approx([0.1] * 7, rel=0.1)
    assert seen.figures[-1].variance < seen.figures[0].variance / 2


def test_the_planned_days_are_the_first_that_bring_enough_users(warehouse: duckdb.DuckDBPyConnection) -> None:
    seen = past(warehouse, "like_rate", coverage=1.0)
    found = duration(seen, 0.1, 0.8, OURS)
    enough = [d for d, one in zip(seen.days, seen.figures, strict=True) if one.count >= users_needed(one, 0.1)]
    assert found.days == enough[0]
    assert found.days_once <= found.days
    assert found.users <= dict(zip(seen.days, seen.figures, strict=True))[found.days].count


def test_what_the_past_is_too_short_for_is_reckoned_on(warehouse: duckdb.DuckDBPyConnection) -> None:
    seen = past(warehouse, "likes", coverage=1.0)
    small, smaller = (duration(seen, mde, 0.8, OURS).days for mde in (0.01, 0.005))
    assert small > 14
    assert smaller == pytest.approx(4 * small, rel=0.01)
    half = past(warehouse, "likes", coverage=0.5)
    assert duration(half, 0.01, 0.8, OURS).days == pytest.approx(2 * small, rel=0.01)


def test_uneven_arms_take_longer(warehouse: duckdb.DuckDBPyConnection) -> None:
    seen = past(warehouse, "likes", coverage=1.0)
    uneven = ExperimentSettings(weights={"control": 0.9, "test": 0.1})
    assert duration(seen, 0.01, 0.8, uneven).days > 2 * duration(seen, 0.01, 0.8, OURS).days


def test_what_cannot_be_planned_says_why(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"'hitrate' cannot be foretold .* one of like_rate, likes"):
        past(warehouse, "hitrate", 1.0)
    with connect(Settings(home=tmp_path / "empty")) as empty, pytest.raises(ExperimentError, match="no views"):
        past(empty, "likes", 1.0)
    nobody = Past("likes", [1], [past(warehouse, "likes", 0.0).figures[0]])
    with pytest.raises(ValueError, match="must be above 0"):
        duration(nobody, 0.01, 0.8, OURS)
