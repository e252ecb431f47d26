"""The roles of docs/security.md, made by the statements that stand there: each does its work, and nothing else."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from litestar.testing import TestClient

from api.app import create_app
from core.settings import Settings
from experiments import ledger
from tests.conftest import REPOSITORY
from tests.integration.api.process import eventually
from tests.integration.small_network import SMALL_NETWORK, Network
from warehouse.connection import connect
from warehouse.copy import copy_source
from warehouse.source import attached_source
from warehouse.source_tables import migrate

COPY, API = "feedrank_copy", "feedrank_api"


def documented_sql() -> str:
    page = (REPOSITORY / "docs" / "security.md").read_text()
    return "\n".join(re.findall(r"^```sql\n(.*?)^```", page, re.DOTALL | re.MULTILINE))


@pytest.fixture
def network(postgres: str, tmp_path: Path) -> Iterator[Network]:
    """A small network that is not trained, with both roles and our tables."""
    network = Network.create(postgres, tmp_path / "copied", SMALL_NETWORK + 'ALTER TABLE "user" ADD email text')
    network.execute(documented_sql())
    try:
        yield network
    finally:
        network.execute(f"DROP OWNED BY {COPY}, {API}; DROP ROLE {COPY}, {API}")


def address(network: Network, role: str) -> str:
    password = f"password-of-{role.removeprefix('feedrank_')}"
    assert f"CREATE ROLE {role} LOGIN PASSWORD '{password}'" in documented_sql()
    return f"postgresql://{role}:{password}@{network.dsn.rpartition('@')[2]}"


def of_role(settings: Settings, network: Network, role: str) -> Settings:
    return settings.model_copy(update={"source": settings.source.model_validate({"dsn": address(network, role)})})


def attempt(dsn: str) -> Callable[[str], str]:
    """Run a statement in a transaction of its own; what PostgreSQL says against it, or nothing."""

    def run(statement: str) -> str:
        with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            try:
                cursor.execute(statement)
            except psycopg2.Error as error:
                return str(error).partition("\n")[0]
            return ""

    return run


def test_the_copy_needs_three_tables_and_can_write_to_none(network: Network, caplog: pytest.LogCaptureFixture) -> None:
    network.execute(f'REVOKE ALL ON "user" FROM {COPY}; GRANT SELECT (id, age, country) ON "user" TO {COPY}')
    copying = of_role(network.settings, network, COPY)
    assert copy_source(copying, uuid4().hex).copied["users"] == 24
    with closing(connect(copying)) as warehouse:
        assert "email" not in {name for name, *_ in warehouse.execute("DESCRIBE raw.users").fetchall()}

    migrate(network.settings)  # there are tables of ours now, which the role may not read
    assert copy_source(copying, uuid4().hex).exposures == 0
    assert "feedrank migrate --grant-copy" in caplog.text
    migrate(network.settings, grant_copy=COPY)
    network.execute(
        "INSERT INTO recommendation_exposure (request_id, user_id, arm, snapshot_id, shown_at, post_ids, sources, "
        "propensities) VALUES (gen_random_uuid(), 1, 'test', 's', now(), '{1}', '{texts}', '{1}')"
    )
    assert copy_source(copying, uuid4().hex).exposures == 1

    says = attempt(address(network, COPY))
    for writes in ("DELETE FROM post", "CREATE TABLE x ()", "INSERT INTO feed_action VALUES (1, 1, 'like', now())"):
        assert "read-only transaction" in says(writes) or "permission denied" in says(writes), writes
        # and where it does not hold itself back
        assert "permission denied" in says(f"SET TRANSACTION READ WRITE; {writes}"), writes
    for hidden in ('SELECT email FROM "user"', "SELECT * FROM feedrank_idempotency"):
        assert "permission denied" in says(hidden)


def test_one_copy_is_one_read_only_transaction_whatever_its_role_may(network: Network) -> None:
    with closing(connect(network.settings)) as warehouse, attached_source(warehouse, network.settings):
        asked = "SELECT current_setting('transaction_read_only') AS a, current_setting('transaction_isolation') AS b"
        assert warehouse.execute("FROM postgres_query('source', ?)", [asked]).fetchall() == [("on", "repeatable read")]
        with pytest.raises(Exception, match="read-only transaction"):
            warehouse.execute("CALL postgres_execute('source', 'DELETE FROM post')")


def test_the_api_starts_where_it_may_not_create_tables_and_only_adds(network: Network, home: Settings) -> None:
    migrate(network.settings, grant=API, grant_copy=COPY)
    ledger.begin(network.settings, "the owner")
    api = home.api.model_copy(update={"dsn": home.source.model_validate({"dsn": address(network, API)}).dsn})
    # source.dsn is the copy's, which may not write: so the service does take the other
    serving = of_role(home, network, COPY).model_copy(update={"api": api})
    with TestClient(create_app(serving)) as client:
        eventually(lambda: client.get("/health/ready").json()["source"] == "following")
        assert client.get("/post/recommendations?id=1").status_code == 200
        action = {"user_id": 1, "post_id": 1, "action": "like"}
        for _ in range(2):
            assert client.post("/feed-actions", json=action, headers={"Idempotency-Key": "k"}).status_code == 201
        eventually(lambda: client.get("/health/ready").json()["exposures_waiting"] == 0)
        eventually(lambda: rows(network, "SELECT count(*) FROM recommendation_exposure") == [(1,)])
    assert rows(network, "SELECT count(*) FROM feed_action WHERE time > '2026-01-01'") == [(1,)]

    says = attempt(address(network, API))
    for forbidden in (
        "DELETE FROM feed_action",
        "UPDATE post SET text = ''",
        "INSERT INTO post (id) VALUES (1)",
        "SELECT * FROM recommendation_exposure",
        "UPDATE recommendation_exposure SET arm = 'test'",
        "DELETE FROM feedrank_idempotency",
        "INSERT INTO experiment_change (at, author, experiment, action, plan) VALUES (now(), 'x', 'x', 'stop', '{}')",
        "CREATE TABLE x ()",
    ):
        assert "permission denied" in says(forbidden), forbidden


def rows(network: Network, query: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(network.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
