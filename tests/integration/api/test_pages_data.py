"""The page Data: what the snapshot says of itself, the catalogue, and SQL that can harm nobody."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.pages import data_view, sql_child
from api.pages.language import NAMES
from core.settings import Settings, SqlSettings
from ranking.recommender import STATE_FILE
from tests.integration.publish_again import again
from tests.integration.small_network import Network
from warehouse.connection import connect
from warehouse.snapshots import ManifestBody, Snapshot, current, publish, verify

Client = TestClient[Litestar]
HTMX = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def short(published: Settings) -> Settings:
    """The small world, where a query may take half a second and little memory."""
    limits = SqlSettings(time_limit=timedelta(seconds=0.5), memory=256, rows=50, csv_rows=120, at_once=1)
    return published.model_copy(update={"sql": limits})


@pytest.fixture(scope="module")
def page(short: Settings) -> Iterator[Client]:
    with TestClient(create_app(short)) as client:
        yield client


def answered(page: Client, sql: str) -> str:
    answer = page.get("/data/query", params={"sql": sql}, headers=HTMX)
    assert answer.status_code == 200, answer.text
    return answer.text


def refused(page: Client, sql: str) -> str:
    text = answered(page, sql)
    assert 'role="alert"' in text, text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize("language", NAMES)
def test_the_page_has_all_its_parts(page: Client, language: str) -> None:
    answer = page.get("/data", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    for table in ("raw.events", "features.user_day", "post_text"):
        assert table in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_every_ready_question_is_answered(trained_network: Network) -> None:
    with trained_network.serve(follow=False) as client:
        for example in data_view.examples():
            assert "<tbody>" in answered(client, example.query), example.question


def test_the_readme_asks_what_is_ready_to_be_asked() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert len(data_view.examples()) == 8
    for example in data_view.examples():
        assert example.query in readme


def test_runs_and_rejected_rows_are_told(network: Network) -> None:
    network.execute("INSERT INTO feed_action VALUES (1, 1, 'shrug', '2025-01-13 13:00'), (1, 20, 'view', '2025-01-13')")
    network.refresh()
    with network.serve(follow=False) as client:
        text = client.get("/data").text
        assert "unknown_action" in text
        assert "/runs/flow-run/" not in text, "nobody knows where Prefect is"
        network.settings.prefect_file.write_text("PREFECT_API_URL=http://127.0.0.1:4200/api\n")
        run = _newest_run(network)
        assert f"http://127.0.0.1:4200/runs/flow-run/{run}" in client.get("/data").text


def _newest_run(network: Network) -> str:
    with connect(network.settings, read_only=True) as warehouse:
        [(run_id,)] = warehouse.sql("SELECT run_id FROM meta.runs ORDER BY started_at DESC LIMIT 1").fetchall()
    return str(UUID(run_id))


def test_a_snapshot_of_before_says_that_it_does_not_say(home: Settings) -> None:
    def without(settings: Settings, folder: Path, manifest: ManifestBody) -> Snapshot:
        with duckdb.connect(str(folder / STATE_FILE)) as tables:
            tables.execute("DROP TABLE runs; DROP TABLE rejected_daily; DROP TABLE table_freshness")
        return publish(settings, folder, manifest)

    again(home, without)
    with TestClient(create_app(home)) as client:
        assert client.get("/data").text.count("This snapshot does not say") == 3


REACHES_OUT = [
    "FROM read_csv('/etc/passwd')",
    "FROM read_text('/etc/passwd')",
    "FROM read_blob('/proc/self/environ')",
    "FROM read_json('/etc/passwd')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM parquet_metadata('/etc/passwd')",
    "FROM glob('/*')",
    "FROM '/etc/passwd'",
    "FROM 'manifest.json'",
    "FROM '../current/manifest.json'",
    "FROM read_csv('/dev/stdin')",
    "FROM 'http://127.0.0.1:1/x.csv'",
    "FROM read_parquet('s3://bucket/x.parquet')",
    "FROM postgres_scan('host=127.0.0.1', 'public', 'user')",
    "SELECT getenv('HOME')",
    "FROM duckdb_secrets()",
    "FROM query('COPY (SELECT 1) TO ''/tmp/x''')",
    "COPY (SELECT 1) TO '/tmp/feedrank-test.csv'",
    "COPY (SELECT 1) TO 'features.duckdb'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO 'features.duckdb'",
    "EXPORT DATABASE '/tmp/feedrank-test'",
    "IMPORT DATABASE '/tmp/feedrank-test'",
    "ATTACH '/tmp/feedrank-test.duckdb'",
    "ATTACH ':memory:' AS other",
    "DETACH features",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '/tmp/x.so'",
    "SET enable_external_access = true",
    "SET memory_limit = '100GB'",
    "RESET lock_configuration",
    "PRAGMA enable_external_access = true",
    "PRAGMA threads = 64",
    "CALL pragma_version()",
    "CHECKPOINT",
    "VACUUM",
    "BEGIN",
    "PREPARE a AS SELECT 1",
    "CREATE TABLE x AS SELECT 1",
    "CREATE TABLE memory.main.x AS SELECT 1",
    "CREATE SECRET (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "CREATE MACRO m() AS 1",
    "INSERT INTO posts FROM posts",
    "UPDATE posts SET views = 0",
    "DELETE FROM posts",
    "DROP TABLE posts",
    "ALTER TABLE posts ADD COLUMN x INT",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1) TO '/tmp/feedrank-test.csv'",
    "-- nothing",
    ";",
    "SELEC 1",
    "SELECT 'open",
    "FROM nowhere",
    "FROM asked",
    "SELECT error('as asked')",
]


@pytest.mark.parametrize("sql", REACHES_OUT)
def test_what_reaches_out_is_refused(short: Settings, monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    """By DuckDB, as it is opened; what the kernel forbids beside it is tried below."""
    monkeypatch.chdir("/")  # and back, afterwards
    file = str(current(short).folder / STATE_FILE)
    asked = {"file": file, "query": sql, "seconds": 5, "memory": 256, "rows": 10, "characters": 1000, "cell": 100}
    try:
        answer = sql_child.ask(asked)
    except duckdb.Error:
        return
    assert answer.keys() == {"trouble"}


@pytest.mark.parametrize(
    "sql", ["FROM read_text('/etc/passwd')", "DROP TABLE posts", "SELEC 1", "SELECT 1; SELECT 2", ";"]
)
def test_a_refusal_is_told_beside_the_box(page: Client, sql: str) -> None:
    assert "root:" not in refused(page, sql)


def test_nothing_of_that_has_changed_the_snapshot_or_left_a_file(page: Client, short: Settings) -> None:
    verify(current(short))
    assert not list(Path("/tmp").glob("feedrank-test*"))
    assert "<td>120</td>" in answered(page, "SELECT count(*) FROM posts")


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT count(*) FROM range(1000000000000) WHERE hash(range) = 0", "took longer than 0.5 s"),
        ("SELECT sum(length(repeat('x', 90000000 + range))) FROM range(10000)", "took longer than 0.5 s"),
        ("SELECT length(repeat('x', 4000000000))", "more than 256 MiB"),
    ],
)
def test_what_takes_too_much_is_stopped(page: Client, sql: str, why: str) -> None:
    started = time.monotonic()
    assert why in refused(page, sql)
    assert time.monotonic() - started < 10


def test_a_query_as_long_as_a_book_is_refused(page: Client) -> None:
    assert "longer than 20000 characters" in refused(page, "SELECT 1 -- " + "x" * 60_000)
    assert "<td>3</td>" in answered(page, "SELECT 1 + 2 --" + "x" * 19_000)


def test_who_comes_while_others_ask_is_told_to_wait(page: Client) -> None:
    """One query at a time here; the second waits for a second and is told, and other pages go on."""
    slow = "SELECT sum(length(repeat('x', 90000000 + range))) FROM range(10000)"
    with ThreadPoolExecutor(3) as readers:
        first = [readers.submit(answered, page, slow) for _ in range(3)]
        told = [one.result() for one in first]
    assert any("running already" in text for text in told)
    assert "<td>1</td>" in answered(page, "SELECT 1")


def test_rows_are_capped_and_it_is_said(page: Client) -> None:
    assert "The first 50 rows; there are more" in answered(page, "FROM range(100000000000)")
    assert "50 rows" in answered(page, "FROM range(50)")
    wide = answered(page, "SELECT repeat('ab', 10000) AS wide")
    assert len(wide) < 3_000
    assert "…" in wide


def test_a_file_has_the_same_limits_and_computes_nothing(page: Client) -> None:
    sql = "SELECT -1 AS n, '=1+1' AS formula, 'a,\"b\"' AS quoted, NULL AS none, repeat('x', 9000) AS long"
    answer = page.get("/data/query.csv", params={"sql": sql})
    assert answer.headers["content-type"].startswith("text/csv")
    head, row = answer.text.splitlines()
    assert head == "n,formula,quoted,none,long"
    assert row == '-1,\'=1+1,"a,""b""",,' + "x" * 9000
    many = page.get("/data/query.csv", params={"sql": "FROM range(1000000)"})
    assert len(many.text.splitlines()) == 1 + 120
    assert "first-120" in many.headers["content-disposition"]
    assert page.get("/data/query.csv", params={"sql": "DROP TABLE posts"}).status_code == 400


def test_what_stands_in_the_tables_is_text(page: Client) -> None:
    sql = "SELECT '<script>alert(1)</script>' AS \"<b>\", '\u202egnp.exe' AS turned, chr(0) AS nul"
    for text in (answered(page, sql), page.get("/data", params={"sql": sql}).text):
        assert "<script>alert" not in text
        assert "<b>" not in text
        assert "&lt;script&gt;" in text


def test_without_javascript_the_whole_page_answers(page: Client) -> None:
    answer = page.get("/data", params={"sql": "SELECT 40 + 2 AS n"})
    assert answer.status_code == 200
    assert "<td>42</td>" in answer.text
    refusal = page.get("/data", params={"sql": "DROP TABLE posts"})
    assert refusal.status_code == 400
    assert "Only queries that read" in refusal.text
    assert "post_trend" in page.get("/data", params={"find": "TREND post"}).text


def test_the_catalogue_is_searched_by_words_in_any_case(page: Client) -> None:
    found = page.get("/data/features", params={"find": "TREND post"}, headers=HTMX).text
    assert "post_trend" in found
    assert "user_views" not in found
    none = page.get("/data/features", params={"find": "<i>nothing"}, headers=HTMX).text
    assert "<table" not in none


def test_queries_can_be_switched_off(short: Settings) -> None:
    off = short.model_copy(update={"sql": SqlSettings(enabled=False)})
    with TestClient(create_app(off)) as client:
        assert "switched off" in refused(client, "SELECT 1")
        assert "<textarea" not in client.get("/data").text
