"""The simulated worlds of benchmarks, and how one gets straight into the warehouse, without PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime

import duckdb

from features.daily import rebuild_daily
from simulation.settings import WorldSettings
from simulation.world import World

SMALL = WorldSettings(ends_at=datetime(2026, 1, 1, tzinfo=UTC))  # 5,000 users, a million events
LARGE = replace(SMALL, users=20_000, events=5_000_000)
WORLDS = {
    "seed 0": LARGE,
    "seed 1": replace(LARGE, seed=1),
    "seed 2": replace(LARGE, seed=2),
    "small network": SMALL,
    "no taste in texts": replace(SMALL, text_strength=0.0),
    "strong taste in texts": replace(SMALL, text_strength=1.2),
    "few events": replace(SMALL, events=250_000),
    "many events": replace(SMALL, events=2_000_000),
    # 60 days: the world ends four days into its ninth week, so what is liked this week can be known
    "popularity by week": replace(SMALL, weekly_strength=1.0, quality_strength=0.0),
}


def load_world(con: duckdb.DuckDBPyConnection, world: World) -> None:
    """Put a world into the warehouse in the place of whatever was there; embeddings of texts stay."""
    frames = {"users_frame": world.users, "posts_frame": world.posts, "events_frame": world.events}
    for name, frame in frames.items():
        con.register(name, frame)
    con.execute("CREATE OR REPLACE TABLE raw.users AS FROM users_frame")
    con.execute("DELETE FROM raw.posts")
    con.execute("INSERT INTO raw.posts SELECT post_id, text, topic, sha256(text) FROM posts_frame")
    con.execute("DELETE FROM raw.events")
    con.execute("INSERT INTO raw.events SELECT user_id, post_id, action, event_time, NULL FROM events_frame")
    for name in frames:
        con.unregister(name)
    rebuild_daily(con)
