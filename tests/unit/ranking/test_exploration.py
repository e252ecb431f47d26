"""The last place is explored as often as said, with the propensities said, and nothing else changes."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ranking.exploration import Explored, explore

NOON = datetime(2026, 1, 1, 12)
POSTS = 8


def explored(lists: np.ndarray, fresh: np.ndarray, *drawing: Any) -> Explored:
    """Explore with the posts that are fresh to anybody, of which each user may be shown some."""
    rows = np.flatnonzero(fresh.any(axis=0))
    return explore(lists, rows, fresh[:, rows], *drawing)


@st.composite
def ranked(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Lists of one length with different posts and empty ends, and what is fresh."""
    n, limit = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    lists = np.array([draw(st.permutations(range(POSTS)))[:limit] for _ in range(n)], np.int64).reshape(n, limit)
    for row, kept in enumerate(draw(st.lists(st.integers(0, limit), min_size=n, max_size=n))):
        lists[row, kept:] = -1
    return lists, draw(hnp.arrays(np.bool_, (n, POSTS)))


@given(ranked(), st.floats(0, 1), st.integers(0, 100), st.integers(-(2**63), 2**63 - 1))
def test_only_the_last_place_changes_and_only_to_a_fresh_post(
    given_lists: tuple[np.ndarray, np.ndarray], probability: float, seed: int, first_id: int
) -> None:
    lists, fresh = given_lists
    ids = (np.arange(len(lists)) + np.array(first_id)).astype(np.int64)
    found = explored(lists, fresh, ids, NOON, probability, seed)
    changed = found.posts != lists
    np.testing.assert_array_equal(np.argwhere(changed), np.stack([found.users, found.places], axis=1))
    for row, (before, after, propensities) in enumerate(zip(lists, found.posts, found.propensities, strict=True)):
        length = np.count_nonzero(before >= 0)
        left = [post for post in range(POSTS) if fresh[row, post] and post not in before]
        assert np.isnan(propensities[length:]).all()
        assert (propensities[: max(length - 1, 0)] == 1).all()
        assert not changed[row, : max(length - 1, 0)].any()
        if not length:
            continue
        if changed[row].any():
            assert after[length - 1] in left
            assert propensities[length - 1] == probability / len(left)
        else:
            assert propensities[length - 1] == (1 - probability if left else 1)
    again = explored(lists[::-1], fresh[::-1], ids[::-1], NOON.replace(minute=59), probability, seed)
    np.testing.assert_array_equal(again.posts[::-1], found.posts)


@pytest.mark.parametrize("probability", [0.05, 0.5, 1.0])
def test_frequencies_agree_with_propensities(probability: float) -> None:
    users = 40_000
    lists = np.tile([[5, 1, 0]], (users, 1))
    fresh = np.zeros((users, POSTS), np.bool_)
    fresh[:, [1, 2, 4, 6, 7]] = True  # 1 is on the list already
    found = explored(lists, fresh, np.arange(users), NOON, probability, 3)
    shown = np.bincount(found.posts[:, 2], minlength=POSTS) / users
    expected = np.array([1 - probability, 0, probability / 4, 0, probability / 4, 0, probability / 4, probability / 4])
    np.testing.assert_allclose(shown, expected, atol=5 * np.sqrt(0.25 / users))
    assert set(np.round(found.propensities[:, 2], 12)) <= set(np.round(expected, 12))
    # an inverse propensity estimate of how many users see a post would be right: the weights of each post add up to 1
    weights = np.bincount(found.posts[:, 2], weights=1 / found.propensities[:, 2], minlength=POSTS) / users
    np.testing.assert_allclose(weights[expected > 0], 1, atol=0.15)


def test_another_hour_or_seed_draws_anew() -> None:
    users = np.arange(1000)
    lists, fresh = np.zeros((1000, 1), np.int64), np.ones((1000, 50), np.bool_)
    draws = [
        explored(lists, fresh, users, when, 1.0, seed).posts
        for when, seed in [(NOON, 0), (NOON + timedelta(hours=1), 0), (NOON, 1), (datetime(1, 1, 1), 0)]
    ]
    for one, other in pairwise(draws):
        assert 0.005 < (one == other).mean() < 0.05
