"""Neither the source's password nor a key's token is in anything that the service writes, answers or leaves behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from api.access.keys import create
from core.settings import ApiSettings, Settings, load_settings
from tests.integration.api.process import eventually, free_port, running
from tests.integration.small_network import SMALL_NETWORK, Network
from warehouse.snapshots import public_settings

# with what is written in another way in addresses, in SQL and by libpq; its middle is looked for
MIDDLE = "s3cr3t-Kx7"
PASSWORD = f"it's@{MIDDLE}/%"


@pytest.fixture
def known(postgres: str, home: Settings) -> tuple[str, str]:
    """The address of a network with the password in it, and a token."""
    plain = Network.create(postgres, home.home / "copied", SMALL_NETWORK).dsn
    return plain.replace("postgres@", f"postgres:{quote(PASSWORD, safe='')}@"), create(
        home.keys_folder, "web", ["recommend", "write"]
    )[1]


def test_a_service_at_work_and_in_trouble_tells_no_secret(home: Settings, known: tuple[str, str]) -> None:
    dsn, token = known
    secrets = (MIDDLE, token.split("_", 2)[2])
    away = f"{dsn.rpartition('@')[0]}@127.0.0.1:{free_port()}/nowhere"
    for address in (dsn, away):
        with running(home, FEEDRANK_API__DSN=address, FEEDRANK_API__LOG_LEVEL="debug") as service:
            eventually(lambda: service.answers("/health/ready", 200))
            answers = _ask_everything(service.client, token)
            if address == away:
                eventually(lambda: "is not followed" in "\n".join(service.lines()))
                assert {answer.status_code for answer in answers} == {200, 400, 401, 403, 404, 405, 503}
            told = "\n".join([*service.lines(), *(f"{answer.headers} {answer.text}" for answer in answers)])
        assert "serving snapshot" in told
        assert not [secret for secret in secrets if secret in told]
    left = {file: file.read_bytes() for file in home.home.rglob("*") if file.is_file() and not file.is_symlink()}
    assert any(file.parent == home.keys_folder for file in left)
    assert not [file for file, content in left.items() for secret in secrets if secret.encode() in content]


def _ask_everything(client: httpx.Client, token: str) -> list[httpx.Response]:
    """Rightly and wrongly, with the token in its place and where it does not belong."""
    bearer = {"Authorization": f"Bearer {token}"}
    action = json.dumps({"user_id": 1, "post_id": 1, "action": "like"})
    described = client.get("/schema/openapi.json", headers=bearer)
    paths = [path for path in described.json()["paths"] if "{" not in path]
    return [
        described,
        *(client.get(f"{path}?id=1", headers=bearer) for path in paths),
        *(client.get(f"{path}?id=1", headers={"X-API-Key": f"{token}x"}) for path in paths),
        client.get(f"/post/recommendations?id=1&key={token}"),
        client.get("/user/nobody", headers=bearer),
        client.get(f"/user/999/feed?key={token}", headers=bearer),
        client.post("/feed-actions", content=action, headers=bearer),
        client.post("/feed-actions", content=action, headers={**bearer, "Origin": "https://evil.example"}),
    ]


def test_neither_do_the_commands_and_what_a_snapshot_keeps_of_the_settings(
    home: Settings, known: tuple[str, str], tmp_path: Path
) -> None:
    dsn, token = known
    away = f"{dsn.rpartition('@')[0]}@127.0.0.1:{free_port()}/nowhere"
    told = []
    for source, command in ((dsn, "doctor"), (away, "doctor"), (away, "keys list"), (away, "migrate")):
        environment = {
            **os.environ,
            "FEEDRANK_HOME": str(home.home),
            "FEEDRANK_SOURCE__DSN": source,
            "FEEDRANK_API__DSN": dsn,
            "FEEDRANK_API__PORT": str(free_port()),
        }
        arguments = [sys.executable, "-m", "feedrank.cli", *command.split()]
        told.append(subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False))
    assert [one.returncode for one in told] == [1, 1, 0, 1]
    settings = load_settings(source={"dsn": dsn}, api=ApiSettings(dsn=away).model_dump())
    kept = [json.dumps(public_settings(settings)), repr(settings), settings.model_dump_json()]
    everything = "\n".join([*kept, *(f"{one.stdout}{one.stderr}" for one in told)])
    assert "web" in told[2].stdout
    assert not [secret for secret in (MIDDLE, token.split("_", 2)[2]) if secret in everything]
