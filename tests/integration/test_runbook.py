"""What docs/runbook.md has an operator do does what it says, on a network that is served."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.integration.documented import blocks
from tests.integration.small_network import Network
from warehouse.snapshots import current
from warehouse.source_tables import migrate

DOCUMENT = "docs/runbook.md"


@pytest.fixture
def shell(network: Network, tmp_path: Path) -> dict[str, str]:
    """An operator's environment: `feedrank` in the PATH, and the home of the network."""
    command = tmp_path / "feedrank"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m feedrank.cli "$@"\n')
    command.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    return {
        **os.environ,
        "PATH": path,
        "FEEDRANK_HOME": str(network.settings.home),
        "FEEDRANK_SOURCE__DSN": network.dsn,
    }


def block_with(words: str) -> str:
    (found,) = (block for block in blocks(DOCUMENT, "sh") if words in block)
    return found


def run(script: str, environment: dict[str, str], folder: Path) -> str:
    environment = {**environment, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(["bash", "-ec", script], env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_home_comes_back_from_its_back_up(network: Network, shell: dict[str, str], tmp_path: Path) -> None:
    run(block_with('tar -C "$FEEDRANK_HOME" --exclude'), shell, tmp_path)
    served = current(network.settings).id
    shutil.rmtree(network.settings.home)
    assert served in run(block_with("-xzf"), shell, tmp_path)
    assert network.refresh().id > served  # it goes on from there


def test_the_served_snapshot_goes_back_and_the_doctor_tells_who_waits(
    network: Network, shell: dict[str, str], tmp_path: Path
) -> None:
    before = current(network.settings).id
    network.execute("INSERT INTO feed_action VALUES (1, 1, 'view', '2025-01-13 13:00')")
    network.refresh()
    run(block_with("snapshot rollback  "), shell, tmp_path)
    assert current(network.settings).id == before
    assert json.loads(run(block_with("exposure spool"), shell, tmp_path))["level"] == "ok"
    assert json.loads(run(block_with('warehouse.lock"\n').partition("\n")[0], shell, tmp_path))["seen"] == "free"


def test_old_answers_and_lists_are_deleted_and_new_ones_stay(network: Network) -> None:
    migrate(network.settings)
    network.execute(
        """
        INSERT INTO feedrank_idempotency
            SELECT key, '', now() - make_interval(days => key::int), '{}' FROM (VALUES ('1'), ('8')) AS keys(key);
        INSERT INTO recommendation_exposure
            SELECT gen_random_uuid(), 'e', 's', days, 'test', 'x', now() - make_interval(days => days), NULL,
                '{}', '{}', '{}'
            FROM (VALUES (1), (400)) AS shown(days)
        """
    )
    for statement in blocks(DOCUMENT, "sql"):
        network.execute(statement)
    with closing(psycopg2.connect(network.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT key FROM feedrank_idempotency UNION ALL SELECT user_id::text FROM recommendation_exposure"
        )
        assert cursor.fetchall() == [("1",), ("1",)]
