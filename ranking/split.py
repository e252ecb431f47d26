"""The one global cut that divides history from test.

With the cut C everything known before C 00:00 UTC is history: interactions, popularity, text models and factors alike.
Rankers are judged on the views from C on whose likes had time to arrive.
"""

from datetime import date, datetime, timedelta


def global_cut(watermark: datetime, test_days: int) -> date:
    """Give the latest day that leaves at least `test_days` whole days up to the watermark (UTC, without a zone).

    >>> global_cut(datetime(2024, 3, 10, 15, 30), test_days=7)
    datetime.date(2024, 3, 3)
    """
    return (watermark - timedelta(days=test_days)).date()
