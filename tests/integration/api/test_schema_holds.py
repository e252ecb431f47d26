"""The service does what `/schema` says: schemathesis makes up requests from it, right and wrong ones."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.access.keys import create
from api.app import create_app
from core.settings import Settings
from tests.integration.api.process import eventually, running
from tests.integration.small_network import Network

EXAMPLES = 40  # of each route

# read without the service, as tests are collected before it runs
schema = schemathesis.openapi.from_dict(create_app(Settings()).openapi_schema.to_schema())
# the key is ours, or every request would be refused; that each route asks for it is one of the checks
schema.config.generation.update(with_security_parameters=False)


# a schema cannot say which topics there are, which moments are kept, and which users and posts exist
NOT_TOLD = [positive_data_acceptance]


class Service(NamedTuple):
    """Where it is, and what opens it."""

    url: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def service(trained_network: Network, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    network = trained_network.clone(postgres, tmp_path_factory.mktemp("described") / "home")
    _, token = create(network.settings.keys_folder, "schemathesis", ["recommend", "write"])
    with running(network.settings, FEEDRANK_SOURCE__DSN=network.dsn) as process:
        eventually(lambda: process.client.get("/health/ready").json()["source"] == "following")
        yield Service(process.url, {"Authorization": f"Bearer {token}"})


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
def test_answers_are_as_described(service: Service, case: schemathesis.Case) -> None:
    case.call_and_validate(base_url=service.url, headers=service.headers, excluded_checks=NOT_TOLD)
