from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ranking.split import global_cut


@settings(deadline=None)
@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(1, 365))
def test_the_cut_is_the_latest_midnight_that_leaves_all_test_days(watermark: datetime, days: int) -> None:
    left = watermark - datetime.combine(global_cut(watermark, days), datetime.min.time())
    assert timedelta(days=days) <= left < timedelta(days=days + 1)
