"""The page Experiment: the report as written, pictures by themselves, and how a user came to an arm."""

from typing import Any
from xml.etree import ElementTree

import pytest
from litestar.testing import TestClient
from msgspec.structs import replace

from api.app import create_app
from core.columns import CONTROL, TEST
from core.settings import Settings
from experiments.kept_plan import keep_plan
from experiments.plan import Plan
from experiments.report import write_report
from experiments.report_files import PICTURES, report_folder
from experiments.report_schema import Report
from tests.integration.api.conftest import Client
from tests.unit.experiments.plans import START, plan
from tests.unit.experiments.reports import EMPTY, INTERLEAVED, SPLIT, broken

HTMX = {"HX-Request": "true"}
SVG = "{http://www.w3.org/2000/svg}"


def of(settings: Settings, plan: Plan | None = None) -> Client:
    """The service; `plan` is what it was last told to hold."""
    if plan is not None:
        keep_plan(settings, plan)
    return TestClient(create_app(settings))


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (
            SPLIT,
            ["Not yet", "+5.0%", "the users do not vary", "&lt;script&gt;alert(1)", "ann &lt;b&gt;", "<strong class"],
        ),
        (INTERLEAVED, ["Both rankers in one list", "120", "150"]),
        (EMPTY, [EMPTY.verdict.sentence]),
        (broken(1e-7), ["Something loses users of one arm"]),
    ],
    ids=["split", "interleaved", "empty", "broken"],
)
def test_a_report_is_shown_with_what_it_has(home: Settings, report: Report, told: list[str]) -> None:
    write_report(home, report)
    with of(home) as client:
        page = client.get("/experiment").text
        assert report.verdict.sentence in page
        for text in told:
            assert text in page
        assert "<script>alert" not in page


def test_pictures_stand_by_themselves(home: Settings) -> None:
    write_report(home, SPLIT)
    with of(home) as client:
        for name in ("days", "sequence", "ratio", "segments"):
            answer = client.get(f"/experiment/text-embeddings/{name}.svg")
            assert answer.headers["content-type"] == "image/svg+xml"
            assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
            drawn = ElementTree.fromstring(answer.text)
            assert drawn.tag == f"{SVG}svg"
            assert "prefers-color-scheme:dark" in answer.text
        for path in ("text-embeddings/other.svg", "other/days.svg", "%2E%2E/days.svg"):
            assert client.get(f"/experiment/{path}").status_code == 404
        (report_folder(home, "text-embeddings") / PICTURES).unlink()  # as an older version wrote it
        page = client.get("/experiment")
        assert page.status_code == 200
        assert '<img src="/experiment' not in page.text


def test_one_of_several_experiments_is_chosen(home: Settings) -> None:
    write_report(home, SPLIT)
    write_report(home, replace(SPLIT, experiment="a & b"))
    with of(home) as client:
        assert "<bdi>text-embeddings</bdi></h1>" in client.get("/experiment").text
        assert "<bdi>a &amp; b</bdi></h1>" in client.get("/experiment", params={"name": "a & b"}).text
        assert client.get("/experiment", params={"name": "none"}).status_code == 404


@pytest.mark.parametrize(
    ("changes", "user", "arm", "how"),
    [
        ({}, 3, None, "deals this arm"),
        ({"forced": {3: TEST}}, 3, TEST, "A tester"),
        ({"coverage": 0.0}, 3, CONTROL, "Not in the experiment"),
        ({"shipped": TEST}, 3, TEST, "The experiment has ended"),
        ({}, 10**12, None, "Nobody of this id is known"),
    ],
)
def test_an_assignment_is_explained(
    home: Settings, changes: dict[str, Any], user: int, arm: str | None, how: str
) -> None:
    shipped = changes.pop("shipped", None)
    with of(home, plan(**changes).ship(shipped, START) if shipped else plan(**changes)) as client:
        answer = client.get("/experiment", params={"user": user}, headers=HTMX).text
        served = client.get("/post/recommendations", params={"id": user}).json()["exp_group"]
        assert arm in {None, served}
        assert f'<span class="arm {served}">' in answer
        assert how in answer
        assert answer in client.get("/experiment", params={"user": user}).text  # without JavaScript too


def test_before_anything_was_shown_the_page_says_how_to_begin(home: Settings) -> None:
    with of(home, replace(plan(), name="<b>")) as client:
        page = client.get("/experiment").text
        assert "There is no report yet" in page
        assert "<h1><bdi>&lt;b&gt;</bdi></h1>" in page
