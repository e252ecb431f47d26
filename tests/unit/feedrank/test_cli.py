"""Errors of the command line are one message and exit code 1, and `sql` only reads."""

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from core.settings import load_settings
from tests.unit.feedrank.command import Command
from warehouse.snapshots import GateOutcome, ManifestBody, Snapshot, draft, history, public_settings, publish, store


@pytest.fixture
def published(feedrank: Command) -> Snapshot:
    return _publish(likes=3)


def _publish(likes: int, gate: GateOutcome | None = None) -> Snapshot:
    settings = load_settings()
    with draft(settings) as folder:
        with duckdb.connect(str(folder / "features.duckdb")) as con:
            con.execute(f"CREATE TABLE users AS SELECT 1 AS user_id, {likes} AS likes, 'Пётр [b]' AS name")
        now = datetime.now(UTC)
        body = ManifestBody(
            watermark=now,
            cut=now,
            trained_at=now,
            rows={"users": 1, "posts": 0},
            metrics={},
            settings=public_settings(settings),
            code_version="0",
            gate=gate,
        )
        return publish(settings, folder, body) if gate is None else store(settings, folder, body)


@pytest.mark.parametrize("command", ["list", "show", "verify", "rollback"])
def test_without_a_snapshot_every_command_says_what_to_do(feedrank: Command, command: str) -> None:
    code, output, error = feedrank("snapshot", command)
    assert code == 1
    assert output == ""
    assert error.startswith("error: ")
    assert "snapshot" in error or "published" in error


def test_a_wrong_setting_is_named(feedrank: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDRANK_API__PORT", "99999")
    code, _, error = feedrank("snapshot", "list")
    assert code == 1
    assert "api.port" in error
    assert "65535" in error


def test_snapshots_are_listed_shown_verified_and_rolled_back(feedrank: Command, published: Snapshot) -> None:
    newer = _publish(likes=4)
    _, listed, _ = feedrank("snapshot", "list")
    assert next(line for line in listed.splitlines() if "→" in line).split()[3] == newer.id
    assert published.id in listed
    assert json.loads(feedrank("snapshot", "show")[1])["id"] == newer.id
    assert json.loads(feedrank("snapshot", "show", published.id)[1])["id"] == published.id
    assert feedrank("snapshot", "verify")[0] == 0
    assert published.id in feedrank("snapshot", "rollback")[1]
    assert json.loads(feedrank("snapshot", "show")[1])["id"] == published.id
    assert json.loads(feedrank("sql", "--json", "SELECT likes FROM users")[1]) == {"likes": 3}


def test_a_refused_snapshot_is_told_apart_and_promoted_by_hand(feedrank: Command, published: Snapshot) -> None:
    refused = _publish(likes=0, gate=GateOutcome(promoted=False, reasons=["worse than [popular]"]))
    listed = feedrank("snapshot", "list")[1].splitlines()
    assert ["→" in line for line in listed if published.id in line] == [True]
    assert ["→" in line for line in listed if refused.id in line] == [False, False]
    assert listed[-1] == f"not promoted: {refused.id}"
    code, output, _ = feedrank("snapshot", "promote", refused.id, "--by", "Anna")
    assert code == 0
    assert f"now serving {refused.id}" in output
    assert "in spite of: worse than [popular]" in output
    assert "not promoted" not in feedrank("snapshot", "list")[1]
    assert [(switch.action, switch.by) for switch in history(load_settings())][1:] == [("promote", "Anna")]
    feedrank("snapshot", "promote", published.id)
    assert history(load_settings())[-1].by


def test_a_flipped_byte_is_found(feedrank: Command, published: Snapshot) -> None:
    file = published.folder / "features.duckdb"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    code, _, error = feedrank("snapshot", "verify")
    assert code == 1
    assert "features.duckdb" in error


def test_sql_prints_a_table_or_json(feedrank: Command, published: Snapshot) -> None:
    code, output, _ = feedrank("sql", "SELECT *, 0.123456 AS rate, NULL AS nothing FROM users")
    assert code == 0
    assert "Пётр [b]" in output
    assert "0.1235" in output
    _, lines, _ = feedrank("sql", "--json", "SELECT i, 'x' AS x FROM range(1500) t(i)")
    assert [json.loads(line)["i"] for line in lines.splitlines()] == list(range(1500))


def test_json_takes_what_sql_gives(feedrank: Command, published: Snapshot) -> None:
    query = "SELECT 'nan'::DOUBLE AS undefined, 2::HUGEINT ** 70 AS large, DATE '2026-01-02' AS day, [1, NULL] AS list"
    answer = json.loads(feedrank("sql", "--json", query)[1])
    assert answer == {"undefined": None, "large": 2**70, "day": "2026-01-02", "list": [1, None]}


def test_an_id_that_is_begun_is_answered_with_the_one_that_was_meant(feedrank: Command, published: Snapshot) -> None:
    code, output, error = feedrank("snapshot", "verify", published.id[:12])
    assert (code, output) == (1, "")
    assert f"did you mean '{published.id}'?" in error


def test_what_is_published_is_told_in_json(feedrank: Command, published: Snapshot) -> None:
    refused = _publish(likes=0, gate=GateOutcome(promoted=False, reasons=["worse"]))
    lines = [json.loads(line) for line in feedrank("snapshot", "list", "--json")[1].splitlines()]
    assert [(line["id"], line["live"], line["promoted"]) for line in lines] == [
        (refused.id, False, False),
        (published.id, True, True),
    ]
    assert json.loads(feedrank("snapshot", "show", "--json")[1])["id"] == published.id
    assert json.loads(feedrank("snapshot", "verify", "--json")[1]) == {"id": published.id, "files": 1, "matches": True}
    told = json.loads(feedrank("snapshot", "promote", refused.id, "--json")[1])
    assert told == {"serving": refused.id, "in_spite_of": ["worse"]}


def test_a_long_answer_is_cut_and_says_so(feedrank: Command, published: Snapshot) -> None:
    _, output, error = feedrank("sql", "SELECT i FROM range(1500) t(i)")
    assert "999" in output
    assert "1000" not in output
    assert "only the first 1,000 rows" in error


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM users",
        "CREATE TABLE mine AS FROM users",
        "COPY users TO '{folder}/copy.csv'",
        "ATTACH '{folder}/other.duckdb'",
        "FROM read_text('/etc/passwd')",
        "SET enable_external_access = true",
        "SELEC 1",
        "FROM no_such_table",
    ],
)
def test_sql_only_reads_the_snapshot(feedrank: Command, published: Snapshot, tmp_path: Path, query: str) -> None:
    code, output, error = feedrank("sql", query.format(folder=tmp_path))
    assert code == 1
    assert output == ""
    assert "the query failed" in error
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_up_tells_a_wrong_address_without_its_password(feedrank: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDRANK_SOURCE__DSN", "postgresql://me:secret@127.0.0.1:1/none")
    code, _, error = feedrank("up")
    assert code == 1
    assert "127.0.0.1" in error
    assert "secret" not in error
