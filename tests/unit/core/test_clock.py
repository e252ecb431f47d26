"""The clock: the machine's, or the one that a rehearsal moves; either way in UTC without a zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core import clock
from core.clock import Clock
from core.errors import SettingsError

MOMENT = datetime(2021, 12, 20, 3, 4, 5, 678901)


@pytest.fixture(autouse=True)
def _looked_up_anew() -> Iterator[None]:
    clock._face.cache_clear()
    yield
    clock._face.cache_clear()


def test_without_a_file_it_is_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(clock.VARIABLE, raising=False)
    before = datetime.now(UTC).replace(tzinfo=None)
    assert before <= clock.now() <= before + timedelta(minutes=1)


def test_who_looks_sees_it_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(clock.VARIABLE, str(tmp_path / "clock"))
    with Clock(tmp_path / "clock", MOMENT) as hands:
        assert clock.now() == MOMENT
        for moment in (MOMENT + timedelta(days=400, microseconds=1), datetime(1969, 7, 20, 20, 17)):
            hands.set(moment)
            assert clock.now() == hands.moment == moment
    assert int.from_bytes((tmp_path / "clock").read_bytes(), "little", signed=True) < 0


def test_a_clock_goes_on_where_it_stood(tmp_path: Path) -> None:
    with Clock(tmp_path / "clock", MOMENT) as hands:
        hands.set(MOMENT + timedelta(hours=1))
    with Clock(tmp_path / "clock", MOMENT) as hands:
        assert hands.moment == MOMENT + timedelta(hours=1)


@pytest.mark.parametrize("content", [None, b"", b"1234"])
def test_a_file_that_is_no_clock_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    if content is not None:
        (tmp_path / "clock").write_bytes(content)
    monkeypatch.setenv(clock.VARIABLE, str(tmp_path / "clock"))
    with pytest.raises(SettingsError, match=r"clock.*FEEDRANK_CLOCK"):
        clock.now()
