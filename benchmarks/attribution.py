"""How long does it take from 10 million answers and 23 million events to every day's moments by arm?

163,205 users, 60 days, five posts an answer, and every tenth answer is the one before it shown again within the half
hour. A third of the posts shown is viewed within 20 minutes, some views have nothing to do with an answer, and 15 % of
views are liked, most within the window. All is drawn with SQL. Then one more day comes, and then nothing. Other ways to
join answers with events are timed on one day, in turns.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from statistics import median

import duckdb

from benchmarks.report import Row, report, timed
from core.settings import Settings
from experiments.daily import update_daily
from experiments.moments import arm_counts, last_moments, moments
from experiments.showings import Answers, Events, latest_showings
from warehouse.connection import connect

USERS, POSTS, DAYS = 163_205, 7_023, 60
START = datetime(2026, 1, 1)
SALT = "text-embeddings-1"
TURNS = 5

DRAWN = f"""
CREATE OR REPLACE TEMP MACRO drawn(i, k) AS (hash(i * 128 + k) >> 11) / 9007199254740992;
CREATE OR REPLACE TEMP TABLE answers AS
SELECT
    range AS i,
    range - (range % 10 = 9)::BIGINT AS same, -- every tenth repeats the one before it
    1 + floor({USERS} * pow(drawn(same, 1), 1.5))::BIGINT AS user_id,
    $start::TIMESTAMP + to_microseconds((same * $apart + (i - same) * 1800e6 * drawn(i, 2))::BIGINT) AS shown_at,
    [1 + floor({POSTS} * pow(drawn(same, 10 + place), 2))::BIGINT FOR place IN range(5)] AS post_ids
FROM range($first, $last);
"""
EXPOSURES = f"""
INSERT INTO raw.exposures BY NAME
SELECT
    uuid() AS request_id, 'text-embeddings' AS experiment, '{SALT}' AS salt, user_id,
    CASE WHEN hash(user_id, 77) % 2 = 0 THEN 'control' ELSE 'test' END AS arm, 'a snapshot' AS snapshot_id, shown_at,
    post_ids, ['factors', 'factors', 'neighbours', 'texts', 'trending'] AS sources, [1, 1, 1, 1, 1] AS propensities,
    0.002 + 0.01 * drawn(i, 3) AS latency
FROM answers
ORDER BY shown_at;
"""
EVENTS = f"""
CREATE OR REPLACE TEMP TABLE views AS
SELECT user_id, post_id, shown_at + to_microseconds((1200e6 * drawn(i, 20 + place))::BIGINT) AS event_time, i, place
FROM (SELECT i, user_id, shown_at, unnest(post_ids) AS post_id, unnest(range(5)) AS place FROM answers)
WHERE drawn(i, 30 + place) < 0.34
UNION ALL
SELECT
    1 + floor({USERS} * pow(drawn(i, 60), 1.5))::BIGINT, 1 + floor({POSTS} * pow(drawn(i, 61), 2))::BIGINT, shown_at,
    i, 9
FROM answers
WHERE drawn(i, 62) < 0.3;
INSERT INTO raw.events
SELECT user_id, post_id, action, event_time, NULL
FROM (
    SELECT user_id, post_id, 'view' AS action, event_time FROM views
    UNION ALL
    SELECT user_id, post_id, 'like', event_time + to_microseconds((3600e6 * drawn(i, 50 + place))::BIGINT)
    FROM views
    WHERE drawn(i, 40 + place) < 0.15
)
ORDER BY event_time;
DROP TABLE views;
DROP TABLE answers;
"""

WALK = "walking through sorted posts"
# Other ways to find the showings that an event may belong to: how many pairs there are.
JOINS = {
    "by user and time, then the list": """
        SELECT count(*) FROM shown JOIN happened USING (user_id)
        WHERE event_time BETWEEN shown_at AND shown_at + INTERVAL 1 HOUR AND list_contains(post_ids, post_id)
    """,
    "by user and post, lists unnested": """
        SELECT count(*) FROM (SELECT user_id, shown_at, unnest(post_ids) AS post_id FROM shown)
        JOIN happened USING (user_id, post_id) WHERE event_time BETWEEN shown_at AND shown_at + INTERVAL 1 HOUR
    """,
    "by user and hour, then the list": """
        SELECT count(*)
        FROM (SELECT *, epoch_us(shown_at) // 3600000000 + unnest([0, 1]) AS hour FROM shown)
        JOIN (SELECT *, epoch_us(event_time) // 3600000000 AS hour FROM happened) USING (user_id, hour)
        WHERE event_time BETWEEN shown_at AND shown_at + INTERVAL 1 HOUR AND list_contains(post_ids, post_id)
    """,
    "ASOF, the latest answer only": """
        SELECT count(*) FROM happened AS e ASOF JOIN shown AS s ON e.user_id = s.user_id AND e.event_time >= s.shown_at
        WHERE e.event_time <= s.shown_at + INTERVAL 1 HOUR AND list_contains(s.post_ids, e.post_id)
    """,
}


def main() -> bool:
    """Draw, aggregate, report; True when every bound holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--answers", type=int, default=10_000_000)
    answers = parser.parse_args().answers
    with tempfile.TemporaryDirectory(prefix="feedrank-attribution-") as home:
        settings = Settings.model_validate({"home": Path(home), "warehouse": {"threads": 2}})
        with connect(settings) as con:
            draw(con, 0, answers, answers)
            con.execute("CHECKPOINT")
        with connect(settings) as con:  # as a run of the flow opens it, without what drawing has left in memory
            whole = timed(lambda: update_daily(con, settings))
            every = timed(lambda: moments(con, SALT, START, 14))
            last = timed(lambda: last_moments(con, SALT, START, 14, ["history"]))
            users = int(arm_counts(con, SALT)["users"][-1])
            assert users > 0
            events = con.table("raw.events").count("*").fetchall()[0][0]
            rows = con.table("experiments.experiment_daily").count("*").fetchall()[0][0]
            draw(con, answers, answers + answers // DAYS, answers)
            more = timed(lambda: update_daily(con, settings))
            again = timed(lambda: update_daily(con, settings))
            joins = ways(con)
    return report(
        "attribution",
        [
            Row("answers", answers, "of 5 posts"),
            Row("events", events, "views and likes"),
            Row("rows of experiment_daily", rows, "users' days"),
            Row("all days, guardrails included", whole, "s"),
            Row("moments of every day and arm", every, "s"),
            Row("from answers and events to moments", whole + every, "s", "<= 20"),
            Row("moments by segment, last day", last, "s"),
            Row("one more day", more, "s", "<= 5"),
            Row("nothing new", again, "s", "<= 2"),
            Row(f"one day's pairs: {WALK}", joins[WALK], "s"),
            *(Row(f"one day's pairs: {name}", joins[name] / joins[WALK], "times as long") for name in JOINS),
        ],
    )


def draw(con: duckdb.DuckDBPyConnection, first: int, last: int, answers: int) -> None:
    """Answers `first` to `last` of so many in `DAYS`, and their events."""
    con.execute("SET preserve_insertion_order = false")
    drawn = {"start": START, "apart": DAYS * 86_400e6 / answers, "first": first, "last": last}
    macro, _, table = DRAWN.partition(";")
    con.execute(macro)
    con.execute(table, drawn)
    con.execute(EXPOSURES)
    con.execute(EVENTS)
    con.execute("RESET preserve_insertion_order")


def ways(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Median seconds of each way on one day in the middle, in turns."""
    day = date(2026, 1, 30)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE shown AS SELECT user_id, shown_at, post_ids FROM raw.exposures "
        "WHERE shown_at >= $day AND shown_at < $day + INTERVAL 1 DAY",
        {"day": day},
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE happened AS SELECT user_id, post_id, event_time FROM raw.events "
        "WHERE event_time >= $day AND event_time < $day + INTERVAL 25 HOUR",
        {"day": day},
    )

    def walk() -> None:
        answers = con.execute(
            "SELECT user_id, epoch_us(shown_at) AS shown_at, 0 AS arm, post_ids FROM shown"
        ).to_arrow_table()
        events = con.execute(
            'SELECT user_id, post_id, epoch_us(event_time) AS happened_at, true AS "like" FROM happened'
        ).fetchnumpy()
        latest_showings(Answers.of(answers), Events.of(events), 3_600_000_000)

    takes: dict[str, Callable[[], object]] = {WALK: walk}
    takes |= {name: partial(con.execute, query) for name, query in JOINS.items()}
    spent = [{name: timed(way) for name, way in takes.items()} for _ in range(TURNS)]
    return {name: median(turn[name] for turn in spent) for name in takes}


if __name__ == "__main__":
    sys.exit(not main())
