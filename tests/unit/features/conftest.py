"""A small warehouse with random events, made straight in DuckDB, and what is fitted on its first half."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from core.columns import ARMS
from core.settings import FeatureSettings, Settings
from features.basis import Basis
from features.catalog import Layout
from features.codebook import Codebook
from features.daily import rebuild_daily
from features.fitted import fit_features
from features.posts import Posts
from features.text_classical import ClassicalEncoder
from features.text_space import TextSpace
from warehouse.connection import connect

START = datetime(2026, 1, 1)
DAYS = 12
FITTED_BEFORE = date(2026, 1, 6)
TOPICS = ["sport", "tech", None]
WORDS = ["ball", "goal", "chip", "code", "team", "robot", "match", "data"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, features=FeatureSettings(text_dims=4, text_components=3, text_clusters=3, factors=3))


@pytest.fixture
def con(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(settings) as con:
        fill(con, np.random.default_rng(7))
        rebuild_daily(con)
        yield con


def fill(con: duckdb.DuckDBPyConnection, rng: np.random.Generator, users: int = 20, posts: int = 15) -> None:
    """Users 0, 10, 20, ...; posts 0, 3, 6, ...; every fourth view liked within the hour."""
    people = pl.DataFrame(
        {
            "user_id": np.arange(users) * 10,
            "age": rng.integers(14, 80, users),
            "city": rng.choice(["Omsk", "Perm", ""], users),
        }
    )
    texts = [" ".join(rng.choice(WORDS, 6)) if i else "" for i in range(posts)]
    written = pl.DataFrame(
        {"post_id": np.arange(posts) * 3, "text": texts, "topic": [TOPICS[i % 3] for i in range(posts)]}
    )
    views = 1500
    viewed = pl.DataFrame(
        {
            "user_id": rng.integers(0, users, views) * 10,
            "post_id": rng.integers(0, posts, views) * 3,
            "action": "view",
            "event_time": [START + timedelta(seconds=float(s)) for s in rng.uniform(0, DAYS * 86_400, views)],
        }
    )
    liked = viewed[::4].with_columns(
        action=pl.lit("like"), event_time=pl.col("event_time") + pl.duration(minutes=pl.lit(rng.integers(1, 59)))
    )
    events = pl.concat([viewed, liked])
    con.register("people", people)
    con.register("written", written)
    con.register("happened", events)
    con.execute("CREATE OR REPLACE TABLE raw.users AS FROM people")
    con.execute("INSERT INTO raw.posts SELECT post_id, text, topic, sha256(text) FROM written")
    con.execute("INSERT INTO raw.events SELECT user_id, post_id, action, event_time, NULL FROM happened")


@pytest.fixture
def posts(con: duckdb.DuckDBPyConnection) -> Posts:
    return Posts.load(con)


@pytest.fixture
def basis(con: duckdb.DuckDBPyConnection, posts: Posts, settings: Settings) -> Basis:
    return fit_basis(con, posts, settings, FITTED_BEFORE)


def fit_basis(con: duckdb.DuckDBPyConnection, posts: Posts, settings: Settings, cut: date) -> Basis:
    """What is known of posts and learned before `cut`; what one arm reads in a post, the next reads in the next."""
    space = ClassicalEncoder.fit(posts.texts, settings.features).transform(posts.texts)
    of_posts = (space.vectors, space.components, space.distances)
    spaces = {
        arm: TextSpace(*(np.roll(values, place, axis=0) for values in of_posts)) for place, arm in enumerate(ARMS)
    }
    fitted = fit_features(con, posts, spaces, Codebook.fit(con, posts.topics), cut, settings.features, threads=1)
    return Basis(posts, spaces, fitted, settings.features, timedelta(days=3))


@pytest.fixture
def layout(basis: Basis, settings: Settings) -> Layout:
    names = tuple(basis.fitted.codebook.names)
    return Layout(names)
