"""The evaluation measured apart: for users by how much was known of them, and for posts younger than a day.

A segment of users holds all views of its users. The segment of young posts holds the views of any user on a post first
seen less than a day before; relevant are the likes of those views. Lists are made once, at the cut, so they cannot hold
a post that appears later: `hitrate@5_all` and the replay of young posts tell what is lost by that, and `auc` over all
views how well young posts are told apart. Few users view two of them, so `user_auc` stands on few, and who viewed five
at most has a `hitrate@5_viewed` of 1 whatever the scores.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranking.evaluation import SEGMENTS_SCHEMA
from ranking.intervals import bootstrap_means
from ranking.judged_rows import JudgedRows
from ranking.metrics import Measured, auc, mean_over_users
from ranking.replay import Replayed, like_rates, replay
from ranking.user_metrics import HITRATE_ALL, HITRATE_VIEWED, metrics_by_user

YOUNG: Final = "young"  # whether a view is of a post first seen less than a day before
EVENTS_BEFORE: Final = "events_before"  # views and likes of the user that were known before the cut

BUCKETS: Final = (
    "users with 0 events",
    "users with 1-5 events",
    "users with 6-50 events",
    "users with more than 50 events",
)
_LAST_OF_BUCKET = (0, 5, 50)
YOUNG_POSTS: Final = "posts younger than a day"
METRICS: Final = ("user_auc", HITRATE_VIEWED, HITRATE_ALL)
LIKE_RATE: Final = "like_rate@5"  # by replay
NOTHING: Final = "no user of this segment has the likes in the test period that the metric needs"


def bucket_of(events: NDArray[np.int64]) -> NDArray[np.intp]:
    """The place in `BUCKETS` of users with so many events, both (n,)."""
    return np.searchsorted(_LAST_OF_BUCKET, events, side="left")


def with_history(con: duckdb.DuckDBPyConnection, views: pl.DataFrame, cut: date) -> pl.DataFrame:
    """Add `YOUNG` and `EVENTS_BEFORE` to labelled views, whose order stays."""
    con.register("judged_views", views)
    try:
        return con.execute(
            f"""
            SELECT
                v.*,
                v.event_time < p.first_time + INTERVAL 1 DAY AS {YOUNG},
                CAST(coalesce(u.events, 0) AS BIGINT) AS {EVENTS_BEFORE}
            FROM judged_views AS v
            JOIN (SELECT post_id, min(event_time) AS first_time FROM raw.events GROUP BY 1) AS p USING (post_id)
            LEFT JOIN (
                SELECT user_id, sum(views + likes) AS events FROM features.user_day WHERE day < $cut GROUP BY 1
            ) AS u USING (user_id)
            ORDER BY v.event_time, v.user_id, v.post_id
            """,
            {"cut": cut},
        ).pl()
    finally:
        con.unregister("judged_views")


@dataclass(frozen=True, slots=True)
class Segment:
    """Some of the n judged users, and what each arm's lists are worth for them."""

    name: str
    users: NDArray[np.bool_]  # (n,)
    rows: int  # views
    auc: Mapping[str, Measured]  # over these views, by arm
    by_user: Mapping[str, Mapping[str, NDArray[np.float64]]]  # arm -> metric -> (n,), NaN where undefined
    replayed: Mapping[str, Replayed]  # by arm


def user_segments(
    events_before: NDArray[np.int64],
    rows: JudgedRows,
    views: Mapping[str, NDArray[np.float64]],
    by_user: Mapping[str, Mapping[str, NDArray[np.float64]]],
    replayed: Mapping[str, Replayed],
) -> Iterator[Segment]:
    """The n judged users by their number of events before the cut, (n,); `views` is scores (E,) by arm."""
    bucket = bucket_of(events_before)
    for place, name in enumerate(BUCKETS):
        users = bucket == place
        own = users[rows.user]  # (E,)
        of_views = {arm: auc(scores[own], rows.liked[own]) for arm, scores in views.items()}
        yield Segment(name, users, int(np.count_nonzero(own)), of_views, by_user, replayed)


def young_segment(
    rows: JudgedRows,
    young: NDArray[np.bool_],
    scored: Mapping[str, tuple[NDArray[np.float64], NDArray[np.int64]]],
    information: NDArray[np.float64],
    alternatives: NDArray[np.int64],
) -> Segment:
    """The views of young posts, (E,) bool, judged by themselves; `scored` is scores of views and lists by arm."""
    own, n = rows.only(young), len(rows.user_ids)
    likes = np.bincount(own.pair_user[own.pair_liked], minlength=n)
    return Segment(
        name=YOUNG_POSTS,
        users=np.bincount(own.user, minlength=n) > 0,
        rows=len(own.user),
        auc={arm: auc(views[young], own.liked) for arm, (views, _) in scored.items()},
        by_user={
            arm: metrics_by_user(own, views[young], lists, likes, information) for arm, (views, lists) in scored.items()
        },
        replayed={arm: replay(own, lists, 5, alternatives[young]) for arm, (_, lists) in scored.items()},
    )


def segment_table(segments: list[Segment], seed: int) -> pl.DataFrame:
    """A row a segment, arm and metric, columns as in `SEGMENTS_SCHEMA`."""
    table: list[tuple[object, ...]] = []
    for segment in segments:
        arms, users = list(segment.by_user), segment.users
        names = [(arm, metric) for arm in arms for metric in METRICS]
        values = np.column_stack([segment.by_user[arm][metric][users] for arm, metric in names])
        low, high = bootstrap_means(values, seed)
        rows: list[tuple[str, str, Measured, float, float]] = [
            (arm, metric, mean_over_users(column, NOTHING), float(lower), float(upper))
            for (arm, metric), column, lower, upper in zip(names, values.T, low, high, strict=True)
        ]
        rates = like_rates([segment.replayed[arm].only(users) for arm in arms], seed)
        rows += [(arm, LIKE_RATE, *rate) for arm, rate in zip(arms, rates, strict=True)]
        rows += [(arm, "auc", segment.auc[arm], np.nan, np.nan) for arm in arms]
        counts = {"users": Measured(float(users.sum())), "rows": Measured(float(segment.rows))}
        rows += [(arm, name, count, np.nan, np.nan) for arm in arms for name, count in counts.items()]
        rows.sort(key=lambda row: arms.index(row[0]))
        table += [(segment.name, arm, name, m.value, lower, upper, m.reason) for arm, name, m, lower, upper in rows]
    return pl.DataFrame(table, schema=SEGMENTS_SCHEMA, orient="row")
