from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from ranking.baselines import decayed_popular_scores, popular_scores, random_scores

CUT = date(2024, 1, 10)
POSTS = np.array([1, 4, 9])
DAYS = pl.DataFrame(
    {
        "post_id": [4, 1, 4, 4, 77, 9],
        "day": [date(2024, 1, 8), date(2024, 1, 1), date(2024, 1, 9), CUT, date(2024, 1, 5), CUT],
        "views": [10] * 6,
        "likes": [2, 9, 4, 100, 50, 100],
    }
)


def test_popularity_counts_likes_before_the_cut_and_none_after():
    assert popular_scores(DAYS, POSTS, CUT).tolist() == [9, 6, 0]


def test_a_half_life_of_age_halves_a_like():
    scores = decayed_popular_scores(DAYS, POSTS, CUT, timedelta(days=3))
    assert scores == pytest.approx([9 / 8, 2 * 0.5 ** (2 / 3) + 4 * 0.5 ** (1 / 3), 0])


def test_the_order_of_the_counts_changes_no_bit():
    days = pl.DataFrame({"post_id": 4, "day": [CUT - timedelta(days=age) for age in range(1, 300)], "likes": 7})
    shuffled = days.sample(fraction=1, shuffle=True, seed=3)
    one, other = (decayed_popular_scores(frame, POSTS, CUT, timedelta(days=3)) for frame in (days, shuffled))
    assert one.tobytes() == other.tobytes()


def test_no_counts_at_all_score_zero():
    assert popular_scores(DAYS.clear(), POSTS, CUT).tolist() == [0, 0, 0]


def test_random_scores_are_uniform_and_differ_by_user_post_and_seed():
    users, posts = np.arange(300), np.arange(300)
    scores = random_scores(users, posts, seed=1)
    assert np.histogram(scores, bins=10, range=(0, 1))[0] / scores.size == pytest.approx([0.1] * 10, abs=0.01)
    for other in (random_scores(users, posts, seed=2), scores.T, np.roll(scores, 1, 0), np.roll(scores, 1, 1)):
        assert abs(np.corrcoef(scores.ravel(), other.ravel())[0, 1]) < 0.02
    assert (scores < 1).all()


def test_a_random_score_depends_on_its_user_and_post_alone():
    assert random_scores(np.array([5]), np.array([8]), 0)[0, 0] == random_scores(np.arange(9), np.arange(9), 0)[5, 8]
