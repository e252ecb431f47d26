"""Interleaved likes until each day are what adding up every user by hand gives."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from experiments.credited import from_credits
from experiments.statistics.effects import paired_effect
from experiments.statistics.moments import Moments

START = date(2026, 1, 1)


def credited(seed: int, better: float) -> pl.DataFrame:
    """Likes of 200 users on five days, not everybody on each; test's come `better` times as often."""
    rng = np.random.default_rng(seed)
    user, day = (place.ravel() for place in np.indices((200, 5)))
    there = rng.random(user.size) < 0.7
    user, day = user[there], day[there]
    return pl.DataFrame(
        {
            "day": [START + timedelta(days=int(number)) for number in day],
            "user_id": user,
            "control": rng.poisson(1.0, user.size),
            "test": rng.poisson(better, user.size),
        }
    )


def test_the_better_ranker_is_found_and_the_sums_are_right() -> None:
    frame = credited(1, 1.5)
    found, effect = from_credits(frame, 0.95, 1_000)
    for place, look in enumerate(found.looks):
        until = frame.filter(pl.col("day") <= START + timedelta(days=place)).group_by("user_id").sum()
        by_hand = paired_effect(
            Moments.from_columns({name: until[name].to_numpy() for name in ("control", "test")}), "control", "test"
        )
        assert look.users == len(until)
        assert look.difference.value == pytest.approx(by_hand.difference.value, rel=1e-12)
    assert effect.standard_error == pytest.approx(by_hand.standard_error, rel=1e-9)
    assert found.control, found.test == (frame["control"].sum(), frame["test"].sum())
    assert found.sequence.difference.low is not None
    assert found.sequence.difference.low > 0


def test_equal_rankers_are_not_told_apart() -> None:
    found, _ = from_credits(credited(2, 1.0), 0.95, 1_000)
    assert found.sequence.difference.low is not None
    assert found.sequence.difference.high is not None
    assert found.sequence.difference.low < 0 < found.sequence.difference.high


def test_nobody_and_one_user_say_nothing() -> None:
    frame = credited(1, 1.0)
    for few in (frame.clear(), frame.head(1)):
        found, _ = from_credits(few, 0.95, 1_000)
        assert found.sequence.difference.low is None
        assert found.sequence.reason is not None
