from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar.exceptions import ValidationException

from api.parameters import moment

offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(deadline=None)
@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=offsets))
def test_an_offset_is_turned_into_utc(at: datetime) -> None:
    assert moment(at.isoformat()) == at.astimezone(UTC).replace(tzinfo=None)


@settings(deadline=None)
@given(st.datetimes())
def test_without_an_offset_a_time_is_utc_with_either_separator(at: datetime) -> None:
    assert moment(at.isoformat()) == moment(at.isoformat(" ")) == at


def test_without_a_time_it_is_now() -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    assert before <= moment(None) <= datetime.now(UTC).replace(tzinfo=None)


@pytest.mark.parametrize("time", ["", "yesterday", "1640000000", "2021-13-01T00:00:00", "9999-12-31T23:59:59-10:00"])
def test_anything_else_is_refused_with_an_example(time: str) -> None:
    with pytest.raises(ValidationException) as refused:
        moment(time)
    assert "such as 2021-12-20T00:00:00" in str(refused.value.extra)
