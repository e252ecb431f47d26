from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.settings import RankingSettings
from ranking import scored
from ranking.baselines import BASELINES
from ranking.evaluate import evaluate
from ranking.evaluation import EVALUATION_SCHEMA
from ranking.judged_rows import JudgedRows
from ranking.user_metrics import HITRATE_ALL, HITRATE_VIEWED
from tests.unit.ranking.toy_network import CUT, NO_DAYS, TableRecommender, network, value, views

SETTINGS = RankingSettings()


def test_knowing_the_true_chances_beats_chance_and_being_wrong_loses_to_it():
    recommender, events = network()
    table = evaluate(recommender, events, NO_DAYS, CUT, SETTINGS).evaluation.table
    assert table.schema == EVALUATION_SCHEMA
    assert table["arm"].unique(maintain_order=True).to_list() == ["control", "test", *BASELINES]
    for metric in ("auc", "user_auc", HITRATE_VIEWED, HITRATE_ALL, "ndcg@10_viewed", "ndcg@10_all", "map@10_all"):
        assert value(table, "test", metric) > value(table, "random", metric) > value(table, "control", metric), metric
    assert value(table, "random", "auc") == pytest.approx(0.5, abs=0.03)
    assert value(table, "popular", "auc") == 0.5  # nothing is known of any post, so all of them tie
    assert value(table, "test", "rows") == len(events)
    assert recommender.asked_for == {datetime(2024, 3, 3, 12)}
    assert table["reason"].is_null().all()


def test_intervals_hold_their_value_and_only_means_over_users_have_one():
    table = evaluate(*network(), NO_DAYS, CUT, SETTINGS).evaluation.table
    whole = pl.col("metric").is_in(["auc", "coverage@10", "users", "rows"])
    assert table.filter(whole)["low"].is_nan().all()
    means = table.filter(~whole)
    assert (means["low"] - 1e-9 <= means["value"]).all()  # a mean of equal values may be rounded
    assert (means["value"] <= means["high"] + 1e-9).all()
    assert (means["high"] - means["low"] < 0.5).all()


def test_popularity_is_judged_as_of_the_cut():
    recommender = TableRecommender(np.full((2, 3), 0.5), [1, 2], [10, 11, 12])
    days = pl.DataFrame(
        [(10, date(2024, 1, 1), 9, 8), (11, date(2024, 3, 2), 9, 5), (12, CUT, 99, 99)],
        schema=NO_DAYS.schema,
        orient="row",
    )
    events = views((1, 10, True), (1, 11, False), (2, 11, True), (2, 12, False))
    table = evaluate(recommender, events, days, CUT, SETTINGS).evaluation.table
    assert value(table, "popular", "user_auc") == 1
    assert value(table, "popular", "map@10_all") == pytest.approx((1 + 1 / 2) / 2)
    assert value(table, "decayed_popular", "map@10_all") == pytest.approx((1 / 2 + 1) / 2)
    assert value(table, "popular", "coverage@10") == 1


def test_liked_and_ineligible_posts_are_on_no_list_and_new_posts_are_missed():
    liked = np.array([[True, False, False, False]])
    eligible = np.array([True, False, True, True])
    recommender = TableRecommender([[0.9, 0.8, 0.2, 0.1]], [1], [10, 11, 12, 13], eligible, liked)
    # liked again: 10; the second of three posts that could have been found: 13; never known here: 99
    events = views((1, 10, True), (1, 13, True), (1, 11, True), (1, 12, False), (1, 99, True), (1, 99, False))
    table = evaluate(recommender, events, NO_DAYS, CUT, SETTINGS).evaluation.table
    assert value(table, "test", "map@10_all") == pytest.approx((1 / 2) / 3)
    assert value(table, "test", "coverage@10") == pytest.approx(2 / 3)
    assert value(table, "test", "rows") == 4


def test_a_user_without_a_like_is_left_out_and_an_unknown_one_gets_a_cold_start():
    recommender = TableRecommender([[0.1, 0.9]], [1], [10, 11])
    table = evaluate(
        recommender, views((1, 10, False), (7, 11, True), (7, 10, False)), NO_DAYS, CUT, SETTINGS
    ).evaluation.table
    assert value(table, "test", "ndcg@10_all") == 1
    assert value(table, "test", "users") == 2


def test_an_empty_place_of_a_list_is_never_a_hit():
    recommender = TableRecommender([[0.1, 0.9], [0.1, 0.9]], [1, 2], [10, 11])
    table = evaluate(
        recommender, views((1, 11, True), (2, 10, False), (2, 99, True)), NO_DAYS, CUT, SETTINGS
    ).evaluation.table
    assert value(table, "test", HITRATE_ALL) == 1 / 2


def test_a_tie_goes_to_the_lower_post_id():
    recommender = TableRecommender(np.full((1, 7), 0.5), [1], range(7))
    for post, hit in ((4, 1), (5, 0)):
        events = views(*((1, viewed, viewed == post) for viewed in reversed(range(7))))
        table = evaluate(recommender, events, NO_DAYS, CUT, SETTINGS).evaluation.table
        assert value(table, "test", HITRATE_VIEWED) == value(table, "test", HITRATE_ALL) == hit


def test_without_likes_everything_about_likes_is_undefined_and_says_why():
    recommender = TableRecommender([[0.1, 0.9]], [1], [10, 11])
    table = evaluate(recommender, views((1, 10, False), (1, 11, False)), NO_DAYS, CUT, SETTINGS).evaluation.table
    undefined = table.filter(pl.col("value").is_nan())
    assert len(undefined) == (2 + len(BASELINES)) * 8
    assert undefined["reason"].null_count() == 0
    assert value(table, "test", "coverage@10") == 1


def test_no_views_and_no_posts_are_undefined_too():
    for recommender in (TableRecommender([[0.5]], [1], [10]), TableRecommender(np.zeros((0, 0)), [], [])):
        table = evaluate(recommender, views(), NO_DAYS, CUT, SETTINGS).evaluation.table
        counts = pl.col("metric").is_in(["users", "rows"])
        assert table.filter(counts)["value"].to_list() == [0.0] * 2 * (2 + len(BASELINES))
        assert table.filter(~counts)["value"].is_nan().all()
        assert table.filter(~counts)["reason"].null_count() == 0


def test_a_sample_of_users_is_stable_and_grows_by_adding():
    _, events = network(users=50)
    posts = np.unique(events["post_id"])
    samples = [
        set(JudgedRows.collect(frame, posts, size, seed=0).user_ids)
        for frame, size in ((events, 10), (events.reverse(), 10), (events, 20))
    ]
    assert len(samples[0]) == 10
    assert samples[0] == samples[1] < samples[2]
    assert samples[0] != set(np.unique(events["user_id"])[:10])  # the oldest users are no sample


def test_the_size_of_a_chunk_changes_nothing(monkeypatch):
    whole = evaluate(*network(users=40), NO_DAYS, CUT, SETTINGS).evaluation.table
    monkeypatch.setattr(scored, "CHUNK_BYTES", 60 * 24 * 7)  # seven users at once
    assert evaluate(*network(users=40), NO_DAYS, CUT, SETTINGS).evaluation.table.equals(whole)


def test_the_standing_pair_is_judged_on_the_same_users_by_the_values_of_each():
    recommender, events = network(users=60)
    found = evaluate(recommender, events, NO_DAYS, CUT, SETTINGS, standing=recommender)
    table = found.evaluation.table
    assert value(table, "standing_test", "auc") == value(table, "test", "auc")
    for metric, values in found.by_user["test"].items():
        np.testing.assert_array_equal(values, found.by_user["standing_test"][metric])
        assert np.nanmean(values) == pytest.approx(value(table, "test", metric))
    assert found.difference("test", "standing_test", "user_auc", seed=0) == (0, 0, 0)
    assert found.difference("test", "random", "user_auc", seed=0).low > 0
    alone = evaluate(recommender, events, NO_DAYS, CUT, SETTINGS)
    assert alone.by_user.keys() == {"control", "test", *BASELINES}
    assert np.isnan(alone.difference("test", "standing_test", "user_auc", seed=0)).all()


def test_a_baseline_is_judged_as_soon_as_it_is_declared(monkeypatch):
    recommender, events = network(users=60)
    monkeypatch.setitem(BASELINES, "told", lambda known: lambda part: recommender.chances[known.users[part]])
    table = evaluate(recommender, events, NO_DAYS, CUT, SETTINGS).evaluation.table
    for metric in ("auc", "ndcg@10_viewed", HITRATE_ALL):
        assert value(table, "told", metric) == value(table, "test", metric)


def by_hand(recommender, events):
    """hitrate@5 and NDCG@10 both ways, user by user and post by post."""
    figures = {name: [] for name in (HITRATE_VIEWED, "ndcg@10_viewed", HITRATE_ALL, "ndcg@10_all")}
    state = recommender.state
    for (user,), mine in events.group_by("user_id"):
        row = list(state.user_ids).index(user)
        score = dict(zip(state.post_ids, recommender.score("test", np.array([row]), None)[0], strict=True))
        before = set(state.post_ids[recommender.liked[row]])
        likes = set(mine.filter("liked")["post_id"])
        viewed = [post for post in mine["post_id"].unique() if post in score]
        eligible = [post for post in state.post_ids[state.eligible] if post not in before]
        for way, candidates, truth in (("viewed", viewed, likes & set(viewed)), ("all", eligible, likes - before)):
            if not truth:
                continue
            hits = [post in truth for post in sorted(candidates, key=lambda post: (-score[post], post))]
            gain = [1 / np.log2(rank + 2) for rank in range(10)]
            figures[f"hitrate@5_{way}"].append(any(hits[:5]))
            figures[f"ndcg@10_{way}"].append(
                sum(g for g, hit in zip(gain, hits, strict=False) if hit) / sum(gain[: len(truth)])
            )
    return figures


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 2**32),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 16), st.booleans()), min_size=1, max_size=60),
)
def test_figures_are_those_of_a_plain_loop(seed, rows):
    generator = np.random.default_rng(seed)
    recommender = TableRecommender(
        generator.integers(0, 5, (4, 14)) / 4,  # ties abound
        range(4),
        range(14),
        generator.random(14) < 0.7,
        generator.random((4, 14)) < 0.2,
    )
    table = evaluate(recommender, views(*rows), NO_DAYS, CUT, SETTINGS).evaluation.table
    for metric, expected in by_hand(recommender, views(*rows)).items():
        ours = value(table, "test", metric)
        assert ours == pytest.approx(np.mean(expected), abs=1e-9) if expected else np.isnan(ours)
