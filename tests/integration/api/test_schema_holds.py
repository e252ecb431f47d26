"""The service does what `/schema` says: schemathesis makes up requests from it, right and wrong ones."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.app import create_app
from core.settings import Settings
from tests.integration.api.process import eventually, running
from tests.integration.small_network import Network

EXAMPLES = 40  # of each route

# read without the service, as tests are collected before it runs
schema = schemathesis.openapi.from_dict(create_app(Settings()).openapi_schema.to_schema())


# a schema cannot say which topics there are, which moments are kept, and which users and posts exist
NOT_TOLD = [positive_data_acceptance]


@pytest.fixture(scope="module")
def address(trained_network: Network, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    network = trained_network.clone(postgres, tmp_path_factory.mktemp("described") / "home")
    with running(network.settings, FEEDRANK_SOURCE__DSN=network.dsn) as service:
        eventually(lambda: service.client.get("/health/ready").json()["source"] == "following")
        yield service.url


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
def test_answers_are_as_described(address: str, case: schemathesis.Case) -> None:
    case.call_and_validate(base_url=address, excluded_checks=NOT_TOLD)
