"""What an experiment has shown, over HTTP: read from files, whatever the warehouse does."""

from collections.abc import Iterator

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from core.settings import Settings
from experiments.report import write_report
from experiments.report_files import report_folder
from experiments.report_schema import Report
from tests.unit.experiments.reports import SPLIT, broken, write_json

Client = TestClient[Litestar]


@pytest.fixture
def service(home: Settings) -> Iterator[Client]:
    with TestClient(create_app(home)) as client:
        yield client


def test_a_report_is_answered_as_it_was_written_and_anew_when_there_is_a_new_one(
    service: Client, home: Settings
) -> None:
    assert service.get("/experiments/text-embeddings").status_code == 404
    write_json(home, SPLIT)
    answer = service.get("/experiments/text-embeddings")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert msgspec.json.decode(answer.content, type=Report) == SPLIT
    assert answer.json()["verdict"]["decision"] == "not yet"
    write_json(home, broken(1e-6))
    assert service.get("/experiments/text-embeddings").json()["sample_ratio"][-1]["p_value"] == 1e-6


def test_its_page_is_html(service: Client, home: Settings) -> None:
    write_report(home, SPLIT)
    answer = service.get("/experiments/text-embeddings/report")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!doctype html>")
    assert SPLIT.verdict.sentence in answer.text


def test_one_that_does_not_exist_is_a_problem_document(service: Client, home: Settings) -> None:
    write_json(home, SPLIT)
    for name in ("other", "%2E%2E", "..%2F..", "%00", "x" * 500):
        for path in (f"/experiments/{name}", f"/experiments/{name}/report"):
            answer = service.get(path)
            assert answer.status_code == 404, path
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_report_of_another_version_says_what_to_do(service: Client, home: Settings) -> None:
    write_json(home, SPLIT)
    (report_folder(home, SPLIT.experiment) / "report.json").write_text('{"experiment": "text-embeddings"}')
    answer = service.get("/experiments/text-embeddings")
    assert answer.status_code == 404
    assert "run experiment-report/daily" in answer.json()["detail"]


def test_both_are_in_the_schema(service: Client) -> None:
    schema = service.get("/schema/openapi.json").json()
    described = schema["paths"]["/experiments/{name}"]["get"]
    assert described["summary"] == "Which arm is better?"
    assert "404" in described["responses"]
    assert "verdict" in str(schema["components"]["schemas"]["Report"])
    assert "text/html" in schema["paths"]["/experiments/{name}/report"]["get"]["responses"]["200"]["content"]
