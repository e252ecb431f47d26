"""A warehouse after an experiment whose truth is known: exposures, views and likes drawn from a few numbers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import numpy as np
import polars as pl

from core.columns import ARMS, INTERLEAVED
from core.settings import Settings
from experiments.daily import update_daily
from experiments.plan import Plan
from warehouse.connection import connect

START = datetime(2026, 3, 2)
SALT = "drawn-1"
SHOWN = 5  # posts an answer
HISTORY = 14  # days before the start
COUNTRIES = ("Cyprus", "Russia", "Serbia")


@dataclass(frozen=True)
class Truth:
    """What is so. `lift` is relative and test's; `lost` is the share of test's users whose exposures vanish."""

    users: int = 2_000
    days: int = 10
    rate: float = 0.12  # likes a viewed post
    lift: float = 0.0
    viewed: float = 0.8
    lost: float = 0.0
    crossed: int = 0  # users who are in the other arm every other day
    slow: float = 0.0  # seconds that test takes longer
    interleaved: bool = False  # each post of a list is one arm's; the lift is that of test's posts
    seed: int = 1


def plan(**changes: object) -> Plan:
    """A plain experiment in two halves."""
    values = {
        "name": "drawn",
        "salt": SALT,
        "weights": {"control": 0.5, "test": 0.5},
        "coverage": 1.0,
        "namespace": None,
        "forced": {},
        "design": "split",
        "started_at": START,
        "ended_at": None,
        "shipped": None,
    }
    return Plan(**{**values, **changes})  # type: ignore[arg-type]


def draw(settings: Settings, truth: Truth) -> duckdb.DuckDBPyConnection:
    """The warehouse with its daily statistics, to be closed by the caller."""
    con = connect(settings)
    rng = np.random.default_rng(truth.seed)
    ids = np.arange(1, truth.users + 1)
    country = np.array(COUNTRIES)[rng.integers(0, len(COUNTRIES), truth.users)]
    users = pl.DataFrame({"user_id": ids, "country": country, "age": 18 + ids % 60})  # noqa: F841  named in the SQL
    con.execute("CREATE OR REPLACE TABLE raw.users AS FROM users")
    posts = SHOWN * truth.days
    con.execute(f"INSERT INTO raw.posts SELECT i, 'post ' || i, 'topic', 'hash' FROM range({posts}) t(i)")

    arm = rng.integers(0, 2, truth.users)
    taste = np.clip(rng.gamma(8, truth.rate / 8, truth.users), 0, 0.7)
    user, day = (place.ravel() for place in np.indices((truth.users, truth.days)))
    there = rng.random(user.size) < 0.6
    lost = (arm == 1) & (rng.random(truth.users) < truth.lost)
    there &= ~lost[user]
    user, day = user[there], day[there]
    seen = np.where((user < truth.crossed) & (day % 2 == 1), 1 - arm[user], arm[user])  # arm of each answer
    shown_at = _moments(START, day, rng)
    post_ids = day[:, None] * SHOWN + np.arange(SHOWN)  # (answers, SHOWN)
    viewed = rng.random(post_ids.shape) < truth.viewed
    teams = rng.integers(0, 2, post_ids.shape)
    better = teams if truth.interleaved else seen[:, None]
    liked = viewed & (rng.random(post_ids.shape) < taste[user][:, None] * (1 + truth.lift * better))
    answers = pl.DataFrame(  # noqa: F841
        {
            "user_id": ids[user],
            "arm": np.full(user.size, INTERLEAVED) if truth.interleaved else np.array(ARMS)[seen],
            "shown_at": shown_at,
            "post_ids": pl.Series(post_ids, dtype=pl.List(pl.Int64)),
            "latency": rng.gamma(4, 0.002, user.size) + truth.slow * seen,
            "teams": list(np.array(ARMS)[teams]) if truth.interleaved else [[]] * user.size,
        }
    )
    con.execute(
        f"""
        INSERT INTO raw.exposures BY NAME
        SELECT uuid() AS request_id, 'drawn' AS experiment, '{SALT}' AS salt, user_id, arm, 'snapshot' AS snapshot_id,
            shown_at, post_ids, ['collaborative' FOR _ IN post_ids] AS sources, [1.0 FOR _ IN post_ids] AS propensities,
            latency, CAST(teams AS VARCHAR[]) AS teams
        FROM answers
        """
    )
    _act(con, "view", ids[user], shown_at, post_ids, viewed, timedelta(seconds=20))
    _act(con, "like", ids[user], shown_at, post_ids, liked, timedelta(minutes=1))
    before, past = (place.ravel() for place in np.indices((truth.users, HISTORY)))
    likes = rng.random((before.size, 1)) < 3 * taste[before][:, None]
    at = _moments(START - timedelta(days=HISTORY), past, rng)
    _act(con, "like", ids[before], at, np.zeros((before.size, 1), np.int64), likes, timedelta(0))
    update_daily(con, settings)
    return con


def _moments(start: datetime, day: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    seconds = day * 86_400 + rng.integers(0, 80_000, day.size)
    return np.datetime64(start, "us") + seconds.astype("timedelta64[s]")


def _act(
    con: duckdb.DuckDBPyConnection,
    action: str,
    user_ids: np.ndarray,  # (answers,)
    at: np.ndarray,
    post_ids: np.ndarray,  # (answers, posts)
    done: np.ndarray,
    later: timedelta,
) -> None:
    answer, place = np.nonzero(done)
    events = pl.DataFrame(  # noqa: F841
        {
            "user_id": user_ids[answer],
            "post_id": post_ids[answer, place],
            "event_time": at[answer] + np.timedelta64(later),
        }
    )
    con.execute(f"INSERT INTO raw.events SELECT user_id, post_id, '{action}', event_time, NULL FROM events")
