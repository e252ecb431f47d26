from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import SettingsError
from core.settings import FeatureSettings, RankingSettings
from ranking.split import global_cut, split_time


@settings(deadline=None)
@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(1, 365))
def test_the_cut_is_the_latest_midnight_that_leaves_all_test_days(watermark, days):
    left = watermark - datetime.combine(global_cut(watermark, days), datetime.min.time())
    assert timedelta(days=days) <= left < timedelta(days=days + 1)


def test_history_and_test_meet_at_the_cut():
    split = split_time(datetime(2024, 3, 10), RankingSettings(test_days=2, train_days=5), FeatureSettings())
    assert (split.train_from, split.cut) == (date(2024, 3, 3), date(2024, 3, 8))
    assert (split.test_from, split.test_until) == (datetime(2024, 3, 8), datetime(2024, 3, 9, 23))


def test_a_watermark_with_a_zone_is_read_as_the_moment_it_is():
    moscow = datetime(2024, 3, 10, 1, tzinfo=timezone(timedelta(hours=3)))
    assert global_cut(moscow, 1) == global_cut(moscow.astimezone(UTC), 1) == date(2024, 3, 8)


def test_an_attribution_window_longer_than_the_test_period_is_an_error():
    with pytest.raises(SettingsError, match="attribution_window = 3 days"):
        split_time(
            datetime(2024, 3, 10), RankingSettings(test_days=2), FeatureSettings(attribution_window=timedelta(days=3))
        )
