"""The one global cut that divides history from test.

With the cut C everything known before C 00:00 UTC is history: interactions, popularity, text models and factors alike.
Rankers are judged on the views from C on whose likes had time to arrive.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from core.errors import SettingsError
from core.settings import FeatureSettings, RankingSettings


def global_cut(watermark: datetime, test_days: int) -> date:
    """The latest day that leaves at least `test_days` whole days up to the watermark.

    >>> global_cut(datetime(2024, 3, 10, 15, 30), test_days=7)
    datetime.date(2024, 3, 3)
    """
    return (_naive(watermark) - timedelta(days=test_days)).date()


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """Training views lie in [train_from, cut), test views in [cut, test_until]. Times are UTC without a zone."""

    train_from: date
    cut: date
    test_until: datetime

    @property
    def test_from(self) -> datetime:
        return datetime.combine(self.cut, time.min)


def split_time(watermark: datetime, ranking: RankingSettings, features: FeatureSettings) -> TimeSplit:
    """The split of everything known up to `watermark` (UTC).

    A view counts as a test row only if its whole attribution window has passed: a younger one may still be liked.

    >>> split = split_time(datetime(2024, 3, 10, 15, 30), RankingSettings(), FeatureSettings())
    >>> split.train_from.isoformat(), split.cut.isoformat(), split.test_until.isoformat()
    ('2024-02-02', '2024-03-03', '2024-03-10T14:30:00')

    Raises:
        SettingsError: the attribution window leaves no test period.
    """
    cut = global_cut(watermark, ranking.test_days)
    split = TimeSplit(
        train_from=cut - timedelta(days=ranking.train_days),
        cut=cut,
        test_until=_naive(watermark) - features.attribution_window,
    )
    if split.test_until < split.test_from:
        raise SettingsError(
            f"features.attribution_window = {features.attribution_window} is longer than the test period "
            f"(ranking.test_days = {ranking.test_days}); shorten the window or raise test_days"
        )
    return split


def _naive(moment: datetime) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
