"""The service does what `/schema` says: schemathesis makes up requests from it, right and wrong ones."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from api.app import create_app
from core.settings import Settings
from tests.integration.api.process import running

EXAMPLES = 40  # of each route

# read without the service, as tests are collected before it runs
schema = schemathesis.openapi.from_dict(create_app(Settings()).openapi_schema.to_schema())


@pytest.fixture(scope="module")
def address(published: Settings) -> Iterator[str]:
    with running(published) as service:
        yield service.url


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
def test_answers_are_as_described(address: str, case: schemathesis.Case) -> None:
    case.call_and_validate(base_url=address)
