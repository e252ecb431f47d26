"""Two rankings in one list: fair whatever they are, and a click counts for whoever brought the post."""

import doctest
from collections import Counter
from itertools import product
from uuid import uuid4

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ranking import interleaving
from ranking.interleaving import coins, merge, team_draft
from ranking.lists import Recommendations

RANKING = st.lists(st.integers(0, 30), unique=True, max_size=12)
NAMES = ("control", "test")


def posts(rankings: tuple[list[int], list[int]], picks: list[tuple[int, int]]) -> list[int]:
    return [rankings[team][place] for team, place in picks]


def preference(first: list[int], second: list[int], clicked: set[int], rounds: int) -> Counter[str]:
    """Clicks credited to each team, over all ways in which the coins of `rounds` rounds can fall."""
    credited: Counter[str] = Counter()
    for tosses in product((0, 1), repeat=rounds):
        draft = team_draft(first, second, 2 * rounds, sum(toss << n for n, toss in enumerate(tosses)))
        shown = posts((first, second), draft.picks)
        credited.update(team for post, team in zip(shown, draft.teams(NAMES), strict=True) if post in clicked)
    return credited


def test_examples_in_docstrings_hold():
    result = doctest.testmod(interleaving)
    assert result.attempted > 0
    assert result.failed == 0


@given(RANKING, RANKING, st.integers(0, 12), st.integers(0, 2**12 - 1))
def test_a_list_holds_posts_of_both_each_once_and_teams_take_turns(first, second, limit, tosses):
    draft = team_draft(first, second, limit, tosses)
    shown = posts((first, second), draft.picks)
    assert len(set(shown)) == len(shown) == min(limit, len({*first, *second}))
    teams = [team for team, _ in draft.picks[: draft.paired]]
    for length in range(draft.paired + 1):
        sizes = [teams[:length].count(team) for team in (0, 1)]
        assert abs(sizes[0] - sizes[1]) <= 1
        if length % 2 == 0:  # a round is over
            assert sizes[0] == sizes[1]
    for number, (team, place) in enumerate(draft.picks):  # the team's best that was left
        assert set((first, second)[team][:place]) <= set(shown[:number])
    assert {team for team, _ in draft.picks[draft.paired :]} in (set(), {0}, {1})


@given(RANKING, RANKING, st.integers(0, 12), st.integers(0, 2**12 - 1))
def test_who_comes_first_is_the_coin_s_choice_alone(first, second, limit, tosses):
    one, other = team_draft(first, second, limit, tosses), team_draft(second, first, limit, ~tosses)
    assert posts((first, second), one.picks) == posts((second, first), other.picks)
    assert one.paired == other.paired


def test_each_picks_first_half_of_the_time_in_every_round():
    firsts = np.zeros(5)
    for _ in range(4_000):
        draft = team_draft(range(10), range(10, 20), 10, coins(str(uuid4())))
        firsts += [team for team, _ in draft.picks[::2]]
    assert np.abs(firsts / 4_000 - 0.5).max() < 0.04  # five standard errors


def test_equal_rankings_give_no_preference_wherever_the_clicks_fall():
    ranking = list(range(8))
    for clicked in ({0}, {3}, {7}, {0, 1, 2}, set(ranking)):
        credited = preference(ranking, ranking, clicked, rounds=4)
        assert credited["control"] == credited["test"] > 0


def test_clicks_on_the_better_ranking_s_posts_count_for_it():
    good, bad = [1, 2, 3, 4], [11, 12, 13, 14]
    assert preference(good, bad, {1, 2}, rounds=2) == {"control": 8}
    assert preference(bad, good, {1, 2}, rounds=2) == {"test": 8}
    # the same posts in a better order are in the list earlier, and more often brought by their team
    credited = preference([1, 2, 3, 4], [4, 3, 2, 1], {1}, rounds=2)
    assert credited["control"] > credited["test"]


def test_what_one_ranking_alone_has_left_fills_the_list_and_counts_for_nobody():
    draft = team_draft([1, 2], [2, 1, 3, 4], 4, coins=0)
    assert posts(([1, 2], [2, 1, 3, 4]), draft.picks) == [1, 2, 3, 4]
    assert draft.teams(NAMES) == ["control", "test", "", ""]


def test_a_request_s_list_is_the_same_again():
    assert coins("a") == coins("a")
    assert len({coins(str(uuid4())) % 2**50 for _ in range(100)}) == 100


def test_merged_posts_keep_what_their_own_list_says_of_them():
    lists = [
        Recommendations(np.array([1, 2]), np.array([0.9, 0.5], np.float32), ["fresh", "texts"], np.array([1.0, 0.5])),
        Recommendations(np.array([2, 3]), np.array([0.8, 0.7], np.float32), ["topics", "factors"], np.ones(2)),
    ]
    merged = merge(lists, [(0, 0), (1, 0), (1, 1)])
    assert merged.post_ids.tolist() == [1, 2, 3]
    assert np.allclose(merged.scores, [0.9, 0.8, 0.7])
    assert merged.sources == ["fresh", "topics", "factors"]
    assert merged.propensities.tolist() == [1, 1, 1]
    assert merge(lists, []).post_ids.dtype == np.int64
