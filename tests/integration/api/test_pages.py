"""What all pages have in common: headers, files, errors as pages, and that nothing is written from elsewhere."""

import re
from pathlib import Path

import pytest
from litestar.testing import TestClient

from api.app import create_app
from core.settings import Settings
from tests.integration.api.conftest import Client

PAGES = ("/", "/?user=3&show=both", "/experiment", "/models", "/data", "/feed/posts/3")


@pytest.mark.parametrize("path", [*PAGES, "/feed/posts/99999", "/?user=nobody"])
def test_a_page_runs_no_code_but_its_own_and_stands_in_no_frame(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["content-type"].startswith("text/html")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["frame-ancestors"]) == ("'none'", "'self'", "'none'")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "no-cache" in answer.headers["cache-control"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", answer.text)
    assert "://" not in answer.text  # nothing comes from elsewhere


def test_files_are_kept_for_ever_as_their_names_change_with_them(client: Client) -> None:
    page = client.get("/").text
    files = set(re.findall(r'"(/assets/[^"]+)"', page))
    assert {Path(file).suffix for file in files} == {".css", ".js", ".svg"}
    for file in files:
        answer = client.get(file)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/assets/style.css").status_code == 404
    assert client.get("/assets/..%2Fshell.py").status_code == 404


def test_errors_are_pages_for_readers_parts_for_htmx_and_documents_for_programs(client: Client) -> None:
    page = client.get("/feed/posts/99999")
    assert page.status_code == 404
    assert "<h1>404</h1>" in page.text
    assert "post 99999 is not in snapshot" in page.text
    part = client.get("/feed/posts/99999", headers={"HX-Request": "true"})
    assert part.status_code == 404
    assert part.text.startswith('<div class="trouble">')
    assert client.get("/post/99999").headers["content-type"] == "application/problem+json"
    bad = client.get("/", params={"user": "<b>x"})
    assert bad.status_code == 400
    assert "user=&#39;&lt;b&gt;x&#39; is not accepted" in bad.text


def test_what_writes_is_not_taken_from_foreign_forms(client: Client) -> None:
    refused = client.post("/feed/actions", data={"user": "3", "post": "3", "action": "like"})
    assert refused.status_code == 403
    assert "by the buttons of the pages only" in refused.text


def test_pages_are_no_part_of_the_api(client: Client) -> None:
    paths = client.get("/schema/openapi.json").json()["paths"]
    assert not {"/", "/experiment", "/models", "/data", "/feed/actions"} & set(paths)
    assert "/feed-actions" in paths


def test_without_a_snapshot_the_page_says_what_to_do(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(home=tmp_path))) as client:
        for path in ("/", "/?user=3"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert "run retrain/nightly" in answer.text
        assert "There is no report yet" in client.get("/experiment").text


@pytest.mark.parametrize(
    ("came_from", "goes_to"),
    [
        ("http://testserver.local/?user=3", "/?user=3"),
        ("http://elsewhere.example/", "/"),
        ("http://testserver.local//elsewhere.example", "/elsewhere.example"),
        ("http://testserver.local.example/", "/"),
        (None, "/"),
    ],
)
def test_a_language_is_kept_and_leads_nowhere_else(client: Client, came_from: str | None, goes_to: str) -> None:
    headers = {"Referer": came_from} if came_from else {}
    answer = client.get("/language/ru", headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, goes_to)
    assert answer.cookies["language"] == "ru"
    client.cookies.clear()
    assert client.get("/language/xx", follow_redirects=False).status_code == 404
