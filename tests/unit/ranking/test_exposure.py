"""The check of one thing at a time; whole networks that show posts unevenly are in test_replay."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ranking.evaluation import EXPOSURE_SCHEMA
from ranking.exposure import exposure_table, posts_to_choose_from, verdicts

CUT = date(2024, 3, 3)
USERS, SHOWN = 200, 50
USER = np.repeat(np.arange(USERS), SHOWN)
BY_CHANCE = np.random.default_rng(0).integers(2, size=USERS * SHOWN).astype(float)


def days_of(chances, views=5_000, days=7):
    """Views by post and day from the cut on, each post shown by its chance; all were there a day before."""
    chances = np.asarray(chances) / np.sum(chances)
    generator = np.random.default_rng(0)
    counts = [np.ones(len(chances), int), *(generator.multinomial(views, chances) for _ in range(days))]
    return pl.concat(
        pl.DataFrame({"post_id": np.arange(len(chances)), "day": CUT + timedelta(days=place - 1), "views": of_day})
        for place, of_day in enumerate(counts)
    )


def checked(post_day, higher=BY_CHANCE):
    table = exposure_table(post_day, CUT, {"test": higher}, USER, USERS, seed=0)
    assert table.schema == EXPOSURE_SCHEMA
    return table


EVEN = days_of(np.ones(100))


def test_dice_pass_with_a_dispersion_of_one():
    table = checked(EVEN)
    assert table["passed"].to_list() == [True, True]
    assert table["value"][0] == pytest.approx(1, abs=0.15)
    assert verdicts(table)["test"].believable


@pytest.mark.parametrize(("spread", "passes"), [(0.05, True), (0.5, False)])
def test_unevenness_is_tolerated_up_to_where_it_does_harm_however_many_views_there_are(spread, passes):
    table = checked(days_of(np.tile([1 - spread, 1 + spread], 50), views=200_000))
    assert table["passed"].to_list() == [passes, True]
    assert verdicts(table)["test"].believable is passes


def test_a_post_of_the_day_does_not_count_on_its_first_day():
    late = pl.DataFrame({"post_id": [999], "day": [CUT], "views": [1]})
    assert (
        checked(pl.concat([EVEN, late.cast(EVEN.schema)]).filter(pl.col("day") <= CUT))["value"][0]
        == (checked(EVEN.filter(pl.col("day") <= CUT))["value"][0])
    )


@pytest.mark.parametrize(("share", "words"), [(0.6, "more often than"), (0.4, "less often than")])
def test_posts_that_an_arm_scores_high_must_not_be_shown_more_or_less(share, words):
    shown = (np.random.default_rng(0).random(len(USER)) < share).astype(float)
    told = verdicts(checked(EVEN, shown))["test"]
    assert not told.believable
    assert words in told.words


def test_a_view_was_chosen_from_the_posts_shown_until_then_and_from_one_at_least():
    days = pl.DataFrame({"post_id": [1, 2, 2], "day": [date(2024, 1, 1), date(2024, 1, 3), date(2024, 1, 4)]})
    times = [datetime(2023, 12, 31), datetime(2024, 1, 2), datetime(2024, 1, 3, 1), datetime(2024, 1, 9)]
    assert posts_to_choose_from(days, np.array(times, "datetime64[us]")).tolist() == [1, 1, 2, 2]
