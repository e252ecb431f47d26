"""What clients should not send: each parameter at, over and under its bounds and of wrong types, bodies, paths.

A parameter that is not in `PARAMETERS` fails the last test; a new one is one line there.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.problems import LARGEST_BODY

Client = TestClient[Litestar]

NO_INTEGER = ("", "abc", "1.5", "0x10", " 1", "NaN", "true", "null", "-", "[]", "1,2", "٣", "\x00", "9" * 5_000)
NO_INT64 = (*NO_INTEGER, str(2**63), str(-(2**63) - 1))
INT64 = (str(-(2**63)), "-1", "0", str(2**63 - 1))
NO_LIMIT = (*NO_INT64, "0", "-1", "101")
NO_TIME = (
    "",
    "now",
    "0",
    "2021-13-01T00:00:00",
    "2021-12-20T25:00:00",
    "9999-12-31T23:59:59-10:00",
    "\x00",
    "9" * 5_000,
)
LONG_AGO = "0001-01-01"  # before the first snapshot
NAMES = ("text-embeddings", "nobody", "..", "../..", "\x00", "٣", "9" * 5_000)
NO_BOOLEAN = ("", "maybe", "2", "tru", "\x00")


@dataclass(frozen=True)
class Parameter:
    """One parameter of one route; `{}` in the path is where it goes, or else it goes into the query."""

    path: str
    name: str
    accepted: tuple[str, ...]
    refused: tuple[str, ...]

    def url(self, value: str) -> str:
        told = quote(value, safe="")
        if "{}" in self.path:
            return self.path.format(told)
        return f"{self.path}{'&' if '?' in self.path else '?'}{self.name}={told}"


PARAMETERS = [
    Parameter("/post/recommendations", "id", INT64, NO_INT64),
    Parameter("/post/recommendations?id=1", "limit", ("1", "100"), NO_LIMIT),
    Parameter("/post/recommendations?id=1", "time", ("2021-12-12", "9999-12-31T23:59:59.999999"), (*NO_TIME, LONG_AGO)),
    Parameter("/post/recommendations?id=1", "topic", ("topic 1", ""), ("sport", "topic", "\x00", "9" * 5_000)),
    Parameter("/post/recommendations?id=1", "exclude", INT64, NO_INT64),
    Parameter("/post/recommendations?id=1", "explain", ("true", "false", "1", "0"), NO_BOOLEAN),
    Parameter("/post/recommendations/popular", "limit", ("1", "100"), NO_LIMIT),
    Parameter("/user/{}", "id", INT64, NO_INT64),
    Parameter("/user/{}/feed", "id", INT64, NO_INT64),
    Parameter("/user/1/feed", "limit", ("1", "100"), NO_LIMIT),
    Parameter("/post/{}", "id", INT64, NO_INT64),
    Parameter("/post/{}/feed", "id", INT64, NO_INT64),
    Parameter("/post/1/feed", "limit", ("1", "100"), NO_LIMIT),
    Parameter("/post/{}/similar", "id", INT64, NO_INT64),
    Parameter("/post/1/similar", "limit", ("1", "100"), NO_LIMIT),
    Parameter("/experiments/{}", "name", NAMES, ()),
    Parameter("/experiments/{}/report", "name", NAMES, ()),
]
each_parameter = pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda one: f"{one.path}:{one.name}")


def problem(answer: Any, status: int) -> Any:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    document = answer.json()
    assert document["status"] == status
    assert document["detail"]
    return document


@each_parameter
def test_values_at_the_bounds_are_accepted(client: Client, parameter: Parameter) -> None:
    for value in parameter.accepted:
        answer = client.get(parameter.url(value))
        assert answer.status_code in (200, 404), (value, answer.text)


@each_parameter
def test_other_values_are_refused_by_name(client: Client, parameter: Parameter) -> None:
    for value in parameter.refused:
        if value == "" and "{}" in parameter.path:
            continue  # that is another path
        document = problem(client.get(parameter.url(value)), 400)
        [error] = document["errors"]
        assert (error["parameter"], error["value"]) == (parameter.name, value[:100])
        assert parameter.name in document["detail"]


def test_no_parameter_is_left_out(client: Client) -> None:
    schema = client.get("/schema/openapi.json").json()
    described = {
        (path, parameter["name"])
        for path, item in schema["paths"].items()
        for parameter in item.get("get", {}).get("parameters", [])
    }
    tried = {
        (one.path.partition("?")[0].replace("/1/", "/{id}/").replace("{}", f"{{{one.name}}}"), one.name)
        for one in PARAMETERS
    }
    assert tried == described


@pytest.mark.parametrize(
    "path",
    [
        "/post/recommendations?id=%ff%fe",
        "/post/recommendations?id=1&id=x",
        "/post/recommendations?id=1&limit=%F0%9F%92%A9",
        "/user/%ff",
        "/user/1%00",
        "/user/" + "1" * 20_000,
    ],
)
def test_bytes_that_mean_nothing_are_the_client_s_mistake(client: Client, path: str) -> None:
    problem(client.get(path), 400)


@pytest.mark.parametrize("path", ["/post/recommendations?id=1", "/health/ready"])
def test_what_is_not_asked_for_changes_nothing(client: Client, path: str) -> None:
    lying = {"Content-Type": "application/json; charset=klingon", "Content-Length": "3", "X-Request-Id": "\x01" * 300}
    assert client.request("GET", path, headers=lying, content=b"{[(").status_code == 200
    assert client.get(f"{path}{'&' if '?' in path else '?'}unknown=%00").status_code == 200


def test_a_body_where_none_is_taken_is_not_read(client: Client) -> None:
    assert client.request("GET", "/post/recommendations?id=1", content=bytes(10 * LARGEST_BODY)).status_code == 200
    problem(client.post("/post/recommendations?id=1", content=bytes(10 * LARGEST_BODY)), 405)
