"""What the service says about itself: snapshot, health, metrics, schema, and paths that are not there."""

import re

import pytest
import yaml
from litestar import Litestar
from litestar.testing import TestClient

from core.settings import Settings
from warehouse.snapshots import SCHEMA_VERSION, current

Client = TestClient[Litestar]
ROUTES = {
    "/post/recommendations",
    "/post/recommendations/batch",
    "/post/recommendations/popular",
    "/user/{id}",
    "/user/{id}/feed",
    "/post/{id}",
    "/post/{id}/feed",
    "/post/{id}/similar",
    "/feed-actions",
    "/experiments/{name}",
    "/experiments/{name}/report",
    "/snapshot",
    "/health/live",
    "/health/ready",
    "/metrics",
}


def test_the_snapshot_served_is_the_current_one(client: Client, published: Settings) -> None:
    info = client.get("/snapshot").json()
    assert info["id"] == current(published).id
    assert info["schema_version"] == SCHEMA_VERSION
    assert info["counts"]["posts"] > 0
    assert {"created_at", "watermark", "metrics", "loaded_at"} <= set(info)


def test_a_service_with_a_snapshot_is_live_and_ready(client: Client, published: Settings) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    ready = client.get("/health/ready").json()
    assert ready.pop("snapshot_age") > 0
    assert ready.pop("exposures_waiting") >= 0  # there is no database: those of other tests wait here as well
    alone = {"source": "off", "store": "off"}
    assert ready == {"status": "ready", "snapshot": current(published).id, "refused": None, **alone}


def test_metrics_count_requests_by_route_and_not_by_id(client: Client) -> None:
    client.get("/post/31415926")
    metrics = client.get("/metrics").text
    counted = r'feedrank_request_duration_seconds_count{method="GET",path="/post/{id}",status_code="404"} \d'
    assert re.search(counted, metrics)
    assert "31415926" not in metrics


def test_the_schema_describes_every_route_and_parameter(client: Client) -> None:
    schema = client.get("/schema/openapi.json").json()
    assert set(schema["paths"]) == ROUTES
    for operation in (operation for path in schema["paths"].values() for operation in path.values()):
        for parameter in operation.get("parameters", []):
            assert parameter["description"]
            assert parameter["examples"]


def test_the_schema_is_served_as_json_and_yaml_and_points_nowhere_else(client: Client) -> None:
    served = [client.get(path) for path in ("/schema", "/schema/openapi.json", "/schema/openapi.yaml")]
    assert served[0].json() == served[1].json() == yaml.safe_load(served[2].text)
    for document in served:
        assert "://" not in document.text


def test_an_unknown_path_is_a_problem(client: Client) -> None:
    answer = client.get("/post/1/likes")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_a_wrong_method_is_a_problem_that_says_which_are_right(client: Client) -> None:
    answer = client.post("/snapshot")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/post/recommendations/?id=1", "/user/1", "/post/1", "/snapshot", "/health/ready"])
def test_before_anything_is_published_the_service_says_so(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    from api.app import create_app

    with TestClient(create_app(Settings(home=tmp_path_factory.mktemp("empty")))) as client:
        assert client.get("/health/live").status_code == 200
        answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "nothing has been published" in answer.json()["detail"]
