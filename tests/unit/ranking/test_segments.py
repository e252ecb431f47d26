from datetime import date, datetime

import duckdb
import polars as pl
import pytest

from core.settings import RankingSettings
from ranking.evaluate import evaluate
from ranking.segments import BUCKETS, EVENTS_BEFORE, METRICS, NOTHING, YOUNG, YOUNG_POSTS, with_history
from ranking.user_metrics import HITRATE_VIEWED
from tests.unit.ranking.toy_network import CUT, NO_DAYS, network, value

SETTINGS = RankingSettings()
NEW, OLD = BUCKETS[0], BUCKETS[3]


def evaluated(recommender, events):
    return evaluate(recommender, events, NO_DAYS, CUT, SETTINGS).evaluation


def test_history_is_counted_up_to_the_cut_and_a_post_is_young_for_a_day():
    con = duckdb.connect()
    con.execute(
        """
        CREATE SCHEMA raw; CREATE SCHEMA features;
        CREATE TABLE raw.events AS FROM (VALUES (7, TIMESTAMP '2024-03-03 10:00')) AS t(post_id, event_time);
        CREATE TABLE features.user_day AS FROM (VALUES
            (1, DATE '2024-03-01', 3, 1), (1, DATE '2024-03-02', 2, 0), (1, DATE '2024-03-03', 9, 9)
        ) AS t(user_id, day, views, likes);
        """
    )
    times = [datetime(2024, 3, 4, 9, 59), datetime(2024, 3, 4, 10)]
    views = pl.DataFrame({"event_time": times, "user_id": [1, 2], "post_id": [7, 7], "liked": [True, False]})
    told = with_history(con, views, date(2024, 3, 3))
    assert told.drop(YOUNG, EVENTS_BEFORE).equals(views)
    assert told.select(YOUNG, EVENTS_BEFORE).rows() == [(True, 6), (False, 0)]


@pytest.mark.parametrize(("segment", "events_before"), [(NEW, 0), (BUCKETS[1], 5), (BUCKETS[2], 50), (OLD, 51)])
def test_users_of_a_segment_have_the_figures_of_those_users_alone(segment, events_before):
    recommender, events = network(users=120)
    chosen = pl.col("user_id") % 2 == 0
    others = 0 if events_before else 51
    events = events.with_columns(pl.when(chosen).then(events_before).otherwise(others).alias(EVENTS_BEFORE))
    segments = evaluated(recommender, events).segments.filter(segment=segment)
    alone = evaluated(recommender, events.filter(chosen)).table
    for arm in ("control", "test", "popular"):
        for metric in (*METRICS, "auc", "users", "rows"):
            assert value(segments, arm, metric) == pytest.approx(value(alone, arm, metric)), metric


def test_young_posts_have_the_figures_of_their_views_alone():
    recommender, events = network(users=120)
    young = pl.col("post_id") < 40
    segments = evaluated(recommender, events.with_columns(young.alias(YOUNG))).segments.filter(segment=YOUNG_POSTS)
    alone = evaluated(recommender, events.filter(young)).table
    for metric in ("auc", "user_auc", HITRATE_VIEWED, "users", "rows"):
        assert value(segments, "test", metric) == pytest.approx(value(alone, "test", metric)), metric


def test_a_segment_without_anybody_is_undefined_and_says_why():
    nobody = evaluated(*network(users=20)).segments.filter(segment=OLD)
    measured = nobody.filter(pl.col("metric").is_in(METRICS))
    assert measured["value"].is_nan().all()
    assert set(measured["reason"]) == {NOTHING}
    assert value(nobody, "test", "users") == 0
