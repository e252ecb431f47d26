"""A snapshot of the course's size, published in a minute: 163,205 users, 7,023 posts, 9.2 million likes.

Texts, profiles, likes, topics, neighbours and rankers are as the pipeline would make them. What it would learn from 77
million views (factors, text vectors) is drawn, with spreads that make scores log-odds around a like rate of 12 %.
Written through the project's own writers, so that it is read like any other snapshot.
"""

from datetime import UTC
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from benchmarks.course_features import CUT, course_features
from benchmarks.course_network import DAYS, ENDS_AT, LIKE_RATE, Network, Size, draw_network
from core.settings import Settings
from features.serving_state import ServingState
from features.state_arrays import save_state
from ranking.evaluate import undefined_evaluation
from ranking.index import save_index
from ranking.rankers import Rankers
from ranking.recommender import STATE_FILE
from ranking.snapshot_tables import write_recommendations, write_tables
from warehouse.connection import connect
from warehouse.snapshots import ManifestBody, Snapshot, draft, public_settings, publish


def publish_course_size(settings: Settings, size: Size | None = None) -> Snapshot:
    """Draw a network of that size, by default the course's, and publish a snapshot of it in `settings.home`."""
    size = size or Size()
    with connect(settings) as con:
        rankers, state = _drawn(con, size, settings)
        with draft(settings) as folder:
            rankers.save(folder)
            _index(state, folder, settings)
            evaluation = undefined_evaluation("a drawn network has no truth to be judged by")
            write_tables(con, folder, state, evaluation, settings)
            return publish(settings, folder, _manifest(folder, settings), by="benchmark")


def save_for_requests(settings: Settings, size: Size, folder: Path) -> None:
    """Write of such a snapshot only what a request reads: state, index, candidates and rankers."""
    with connect(settings) as con:
        rankers, state = _drawn(con, size, settings)
    rankers.save(folder)
    save_state(state, folder)
    _index(state, folder, settings)
    with duckdb.connect() as nowhere:  # the nightly lists are not among it
        write_recommendations(nowhere, folder, state, settings)


def _drawn(con: duckdb.DuckDBPyConnection, size: Size, settings: Settings) -> tuple[Rankers, ServingState]:
    network = draw_network(size)
    _fill_warehouse(con, network)
    return course_features(con, network, settings, np.random.default_rng(size.seed))


def _index(state: ServingState, folder: Path, settings: Settings) -> None:
    if len(state.post_ids) > settings.ranking.index_above:
        save_index(state, folder)


def _fill_warehouse(con: duckdb.DuckDBPyConnection, network: Network) -> None:
    """Users, posts and likes; views stay away, but are counted by post."""
    rng = np.random.default_rng(0)
    likes = np.bincount(network.like_posts, minlength=len(network.posts))
    first_day = np.datetime64(CUT) - rng.integers(1, DAYS, len(likes)).astype("timedelta64[D]")
    days = pl.DataFrame({"post_id": network.post_ids, "day": first_day, "likes": likes})
    frames = {"users": network.users, "posts": network.posts, "likes": network.likes, "days": days}
    for name, frame in frames.items():
        con.register(f"{name}_frame", frame)
    con.execute("CREATE OR REPLACE TABLE raw.users AS FROM users_frame")
    con.execute(
        "DELETE FROM raw.posts; INSERT INTO raw.posts SELECT post_id, text, topic, sha256(text) FROM posts_frame"
    )
    con.execute("DELETE FROM raw.events")
    con.execute("INSERT INTO raw.events SELECT user_id, post_id, 'like', event_time, NULL FROM likes_frame")
    con.execute("DELETE FROM features.post_day")
    con.execute(
        "INSERT INTO features.post_day SELECT post_id, day, (likes / ?)::BIGINT, likes FROM days_frame", [LIKE_RATE]
    )
    for name in frames:
        con.unregister(f"{name}_frame")


def _manifest(folder: Path, settings: Settings) -> ManifestBody:
    with duckdb.connect(str(folder / STATE_FILE), read_only=True) as snapshot:
        rows = {
            name: snapshot.table(name).count("*").fetchall()[0][0] for (name,) in snapshot.sql("SHOW TABLES").fetchall()
        }
    end = ENDS_AT.replace(tzinfo=UTC)
    return ManifestBody(
        watermark=end,
        cut=end,
        trained_at=end,
        rows=rows,
        metrics={},
        settings=public_settings(settings),
        code_version=version("feedrank"),
    )
