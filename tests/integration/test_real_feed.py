"""The whole way on a real feed: 114 users, 50,000 events, posts without text, users without a profile."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import duckdb
import polars as pl
import psycopg2
import pytest
from litestar.testing import TestClient

from api.app import create_app
from core.settings import FeatureSettings, RankingSettings, Settings, SourceSettings
from features.daily import rebuild_daily
from features.training_set import labelled_views
from ranking.pipeline import judge, load_inputs, retrain
from ranking.promotion import pass_gate
from warehouse.connection import connect
from warehouse.copy import copy_source
from warehouse.snapshots import draft, publish


@pytest.fixture
def source(database: str, shared: Path) -> pl.DataFrame:
    """Load the feed as the course's second shape, the user table holding nothing but ids; returns the events."""
    feed = pl.read_parquet(shared / "data" / "feed_114_users.parquet")
    written = pl.read_parquet(shared / "data" / "posts.parquet").select("post_id", "text", "topic")
    posts = feed.select("post_id").unique().join(written, on="post_id", how="full", coalesce=True)
    tables = {
        "user_data (user_id bigint)": feed.select("user_id").unique(),
        "post_text_df (post_id bigint, text text, topic text)": posts,
        "feed_data (timestamp timestamp, user_id bigint, post_id bigint, action text, target smallint)": feed,
    }
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        for table, frame in tables.items():
            cursor.execute(f"CREATE TABLE {table}")
            cursor.copy_expert(f"COPY {table.split()[0]} FROM STDIN CSV", _csv(frame))
    connection.close()
    return feed


def _csv(frame: pl.DataFrame) -> BytesIO:
    return BytesIO(frame.write_csv(include_header=False).encode())


def test_a_real_feed_is_recommended_from(source: pl.DataFrame, database: str, tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        source=SourceSettings(dsn=database, preset="feed_data"),  # type: ignore[arg-type]
        features=FeatureSettings(transformer_max_tokens=16, transformer_batch_tokens=8192),
        ranking=RankingSettings(iterations=50),
    )
    report = copy_source(settings, "first")
    assert report.copied["events"] + report.rejected["events"] == source.height
    with connect(settings) as con, draft(settings) as folder:
        rebuild_daily(con)
        _labels_are_the_source_s_own(con, source)
        inputs = load_inputs(con, settings)
        judgement = judge(con, inputs, settings)
        manifest = retrain(con, inputs, judgement, folder, settings)
        verdict, manifest = pass_gate(folder, manifest, judgement.comparison, None, None, settings)
        publish(settings, folder, manifest)
    assert verdict.promoted, verdict.reasons
    auc = dict(judgement.comparison.evaluation.table.filter(metric="auc").select("arm", "value").iter_rows())
    assert auc["control"] > auc["random"]
    user = source["user_id"][0]
    liked = set(source.filter(user_id=user, action="like")["post_id"])
    with TestClient(create_app(settings)) as client:
        answer = client.get("/post/recommendations/", params={"id": user, "time": "2021-12-30T12:00:00", "limit": 10})
    assert answer.status_code == 200
    shown = [post["id"] for post in answer.json()["recommendations"]]
    assert len(set(shown)) == 10
    assert not set(shown) & liked


def _labels_are_the_source_s_own(con: duckdb.DuckDBPyConnection, source: pl.DataFrame) -> None:
    """Views whose like came within the hour are those that the network itself marks in `target`."""
    first, last = source["timestamp"].min(), source["timestamp"].max()
    views = labelled_views(con, first, last + timedelta(hours=2), timedelta(hours=1))  # type: ignore[operator, arg-type]
    theirs = source.filter(action="view").group_by("user_id", "post_id", "timestamp").agg(pl.col("target").max())
    both = views.join(
        theirs, left_on=["user_id", "post_id", "event_time"], right_on=["user_id", "post_id", "timestamp"]
    )
    assert both.height == views.height
    assert (both["liked"] == (both["target"] == 1)).mean() > 0.99
