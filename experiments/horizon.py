"""How long until a confidence sequence would exclude zero, if everything goes on as it has."""

from dataclasses import replace
from math import sqrt

from experiments.statistics.effects import Effect
from experiments.statistics.sequences import always_valid


def days_more(
    effect: Effect, users: int, days: int, level: float, tuning: int, limit: int, *, relative: bool
) -> int | None:
    """Days from now until the sequence around the effect of today excludes 0; None: not within `limit` days.

    `relative`: the sequence of the relative effect, otherwise that of the difference. As many users a day as on average
    so far, and as much noise each: the squared standard error falls as the number of users grows. The effect of today
    is itself uncertain, so this is a guess, and a poor one while it is near 0.
    """

    def decided(more: int) -> bool:
        grown = (days + more) / days
        later = replace(
            effect,
            standard_error=effect.standard_error / sqrt(grown),
            relative_error=effect.relative_error / sqrt(grown),
        )
        looked = always_valid(later, round(users * grown), level, tuning=tuning)
        interval = looked.relative if relative else looked.difference
        return interval.low > 0 or interval.high < 0

    if not decided(limit):
        return None
    # the sequence only narrows, so the first day is found by halving
    least, most = 0, limit
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if decided(middle) else (middle, most)
    return most
