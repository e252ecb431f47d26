"""What docs/api-client.md tells backend developers to copy works against a running service as it stands there."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.access.keys import create
from tests.integration.api.process import eventually, running
from tests.integration.documented import blocks
from tests.integration.small_network import Network

DOCUMENT = "docs/api-client.md"


@pytest.fixture(scope="module")
def environment(
    postgres: str, trained_network: Network, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Where a served network is, as the document's blocks look for it."""
    network = trained_network.clone(postgres, tmp_path_factory.mktemp("client"))
    _, token = create(network.settings.keys_folder, "web", ["recommend", "write"])
    with running(network.settings, FEEDRANK_SOURCE__DSN=network.dsn) as service:
        eventually(lambda: service.answers("/health/ready", 200))
        yield {**os.environ, "FEEDRANK_URL": service.url, "FEEDRANK_TOKEN": token}


def test_the_python_client_recommends_and_writes(environment: dict[str, str], tmp_path: Path) -> None:
    (client,) = blocks(DOCUMENT, "python")
    (tmp_path / "client.py").write_text(client)
    told = subprocess.run([sys.executable, tmp_path / "client.py"], env=environment, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    shown, comes_back = told.stdout.splitlines()
    assert len(json.loads(shown)) == 5
    assert comes_back == "False"
    more = """
from client import *
feed = Feedrank(os.environ["FEEDRANK_URL"], os.environ["FEEDRANK_TOKEN"])
print(json.dumps([len(feed.recommend_many([3, 4], 5)[4]), len(feed.similar(8, 2))]))
try:
    feed.recommend(3, limit=1000)
except FeedrankProblem as problem:
    print(problem.status, problem.problem["status"])
try:
    Feedrank(os.environ["FEEDRANK_URL"]).recommend(3)
except FeedrankProblem as problem:
    print(problem.status)
try:
    Feedrank("http://127.0.0.1:1", tries=2).recommend(3)
except OSError:
    print("away")
"""
    told = subprocess.run([sys.executable, "-c", more], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert told.stdout.splitlines() == ["[5, 2]", "400 400", "401", "away"], told.stderr


def test_every_curl_is_answered(environment: dict[str, str]) -> None:
    asked = [line for block in blocks(DOCUMENT, "sh") for line in block.splitlines() if line.startswith("curl ")]
    assert len(asked) == 18
    script = "set -e\n" + "".join(f"{line}; echo\n" for line in asked)
    told = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout[-1000:] + told.stderr
    assert '"reasons"' in told.stdout
    assert json.loads(told.stdout.splitlines()[-1])["status"] == 400
