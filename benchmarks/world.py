"""A simulated world straight in the warehouse, for benchmarks that need no PostgreSQL."""

import duckdb

from features.daily import rebuild_daily
from simulation.world import World


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
