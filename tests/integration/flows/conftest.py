"""A small network in PostgreSQL, and a Prefect server with our deployments and a worker, as `feedrank up` has them."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest

from core.settings import Settings, load_settings
from feedrank.prefect_server import WORK_POOL, Prefect
from feedrank.processes import Servers, free_port

# 40 users who each view every post in turn, one post every 15 hours; everybody likes the posts of one of four topics
NETWORK = """
    CREATE TABLE "user" AS
        SELECT id, 20 + id % 40 AS age, CASE WHEN id % 2 = 0 THEN 'Russia' ELSE 'Cyprus' END AS country
        FROM generate_series(1, 40) AS id;
    CREATE TABLE post AS
        SELECT id, (ARRAY['sport', 'tech', 'movie', 'covid'])[1 + id % 4] AS topic,
               'About ' || (ARRAY['goals', 'chips', 'actors', 'masks'])[1 + id % 4] || ', part ' || id AS text
        FROM generate_series(1, 30) AS id;
    CREATE TABLE feed_action AS
        SELECT u.id AS user_id, p.id AS post_id, 'view'::text AS action,
               now()::timestamp - interval '20 days' + interval '15 hours' * p.id + interval '7 seconds' * u.id AS time
        FROM "user" AS u CROSS JOIN post AS p;
    INSERT INTO feed_action
        SELECT user_id, post_id, 'like', time + interval '1 minute' FROM feed_action WHERE user_id % 4 = post_id % 4;
"""


# the server lets anybody in; what is written of it anywhere is looked for
PASSWORD = "s3cr3t-Kx7"


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def network(postgres: str) -> str:
    """DSN of the network's database."""
    name = f"flows_{uuid4().hex}"
    with closing(psycopg2.connect(postgres)) as connection:
        connection.autocommit = True  # databases are not created inside a transaction
        connection.cursor().execute(f"CREATE DATABASE {name}")
    dsn = f"{postgres.rpartition('/')[0].replace('postgres@', f'postgres:{PASSWORD}%40@')}/{name}"
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(NETWORK)
    return dsn


@pytest.fixture(scope="module")
def settings(network: str, environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of this process and of the flows alike: rankers small, three days to judge them on."""
    values = {
        "HOME": str(tmp_path_factory.mktemp("home")),
        "SOURCE__DSN": network,
        "RANKING__ITERATIONS": "10",
        "RANKING__TEST_DAYS": "3",
        "PREFECT__PORT": str(free_port(14_200)),
        "SNAPSHOTS_KEPT": "2",
    }
    for name, value in values.items():
        environment.setenv(f"FEEDRANK_{name}", value)
    return load_settings()


@pytest.fixture(scope="module")
def prefect(settings: Settings, environment: pytest.MonkeyPatch) -> Iterator[Prefect]:
    with Servers(settings.home / "logs") as servers:
        prefect = Prefect(servers, settings)
        # before anything imports Prefect here: it reads its settings then
        for name, value in prefect.environment.items():
            environment.setenv(name, value)
        prefect.wait()
        from feedrank.prefect_client import connect, ensure_work_pool, release_leftover_runs

        with connect(prefect.api_url) as client:
            ensure_work_pool(client, WORK_POOL)
            release_leftover_runs(client)
        # the packages of this folder, wherever a run works
        prefect.start_worker({"PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])})
        prefect.deploy()
        yield prefect
        from prefect.logging.handlers import APILogWorker

        APILogWorker.drain_all()  # what this process logged reaches the server while it is there
