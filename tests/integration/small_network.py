"""A network in PostgreSQL that trains in a second or two, and the whole way from there to an HTTP answer."""

import shutil
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from core.settings import Settings
from features.daily import refresh_daily
from ranking import pipeline
from ranking.pipeline import judge, load_inputs
from ranking.promotion import pass_gate
from warehouse.connection import connect
from warehouse.copy import copy_source
from warehouse.snapshots import Snapshot, current, draft, publish, standing, store

# 24 users who each view every post in turn, one post every 15 hours; everybody likes the posts of one of four topics
SMALL_NETWORK = """
    CREATE TABLE "user" AS
        SELECT id, 20 + id % 40 AS age, CASE WHEN id % 2 = 0 THEN 'Russia' ELSE 'Cyprus' END AS country
        FROM generate_series(1, 24) AS id;
    CREATE TABLE post AS
        SELECT id, (ARRAY['sport', 'tech', 'movie', 'covid'])[1 + id % 4] AS topic,
               'About ' || (ARRAY['goals', 'chips', 'actors', 'masks'])[1 + id % 4] || ', part ' || id AS text
        FROM generate_series(1, 20) AS id;
    CREATE TABLE feed_action AS
        SELECT u.id AS user_id, p.id AS post_id, 'view'::text AS action,
               timestamp '2025-01-01' + interval '15 hours' * p.id + interval '7 seconds' * u.id AS time
        FROM "user" AS u CROSS JOIN post AS p;
    INSERT INTO feed_action
        SELECT user_id, post_id, 'like', time + interval '1 minute' FROM feed_action WHERE user_id % 4 = post_id % 4;
"""
WATERMARK = "2025-01-13 12:03:48"
# tables of a snapshot that tell when something came and ran, and not what of it
OF_THE_COPIES = ("table_freshness", "rejected_daily", "runs")
SMALL = {
    "features": {"text_dims": 8, "text_components": 4, "text_clusters": 3, "transformer_max_tokens": 16},
    "gate": {"enabled": False},  # tests turn the network upside down and want to see it served
    "ranking": {"iterations": 15, "depth": 4, "test_days": 3},
    "api": {"reload_interval": "PT0.05S"},
}


def small_settings(dsn: str, home: Path, **source: Any) -> Settings:
    """Settings of a home of the network at `dsn`; `source` are further ones of that section."""
    return Settings.model_validate({"home": home, "source": {"dsn": dsn, **source}, **SMALL})


@dataclass(frozen=True)
class Network:
    """A source database, and the settings of the home that it is copied to."""

    dsn: str
    settings: Settings

    @classmethod
    def create(cls, postgres: str, home: Path, statements: str = SMALL_NETWORK, **source: Any) -> "Network":
        """Fill a new database of the server `postgres` with `statements`; `source` are settings of that section."""
        dsn = _new_database(postgres, "template1")
        network = cls(dsn, small_settings(dsn, home, **source))
        network.execute(statements)
        return network

    def clone(self, postgres: str, home: Path) -> "Network":
        """The same network with the same snapshots, to be changed at will."""
        dsn = _new_database(postgres, self.dsn.rpartition("/")[2])
        shutil.copytree(self.settings.home, home, symlinks=True, dirs_exist_ok=True)
        return Network(dsn, small_settings(dsn, home))

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """What the source answers."""
        with closing(psycopg2.connect(self.dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    def execute(self, statements: str, values: tuple[Any, ...] = ()) -> None:
        """Run statements in the source and commit them."""
        with closing(psycopg2.connect(self.dsn)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statements, values or None)

    def retrain(self, *, full: bool = False) -> Snapshot:
        """What retrain/nightly does, without Prefect."""
        copy_source(self.settings, uuid4().hex, full=full)
        with connect(self.settings) as con, draft(self.settings) as folder:
            refresh_daily(con)
            inputs = load_inputs(con, self.settings)
            rival = standing(self.settings)
            judgement = judge(con, inputs, self.settings, rival)
            manifest = pipeline.retrain(con, inputs, judgement, folder, self.settings)
            verdict, manifest = pass_gate(
                folder, manifest, judgement.comparison, judgement.no_standing, rival, self.settings
            )
            return (publish if verdict.promoted else store)(self.settings, folder, manifest)

    def refresh(self) -> Snapshot:
        """What refresh/quarter-hourly does, without Prefect."""
        copy_source(self.settings, uuid4().hex)
        with connect(self.settings) as con, draft(self.settings) as folder:
            refresh_daily(con)
            inputs = load_inputs(con, self.settings)
            manifest = pipeline.refresh(con, inputs, current(self.settings), folder, self.settings)
            return publish(self.settings, folder, manifest)

    def serve(self, *, follow: bool = True) -> AbstractContextManager[TestClient[Litestar]]:
        """The service over the home's snapshots; `follow` what happens in the network since, or not."""
        api = self.settings.api.model_copy(update={"follow": follow})
        return TestClient(create_app(self.settings.model_copy(update={"api": api})))


def recommended(client: TestClient[Litestar], user_id: int, limit: int = 100) -> list[int]:
    """Ids of the posts that a user is shown, best first."""
    parameters = {"id": user_id, "time": "2100-01-14T12:00:00", "limit": limit}
    answer = client.get("/post/recommendations/", params=parameters)
    assert answer.status_code == 200, answer.text
    return [post["id"] for post in answer.json()["recommendations"]]


def _new_database(postgres: str, template: str) -> str:
    name = f"network_{uuid4().hex}"
    with closing(psycopg2.connect(postgres)) as connection:
        connection.autocommit = True  # databases are not created inside a transaction
        connection.cursor().execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"{postgres.rpartition('/')[0]}/{name}"
