"""A network with two snapshots, made once."""

from pathlib import Path

import pytest

from tests.faults.network import two_snapshots
from tests.integration.small_network import Network


@pytest.fixture(scope="session")
def trained(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Network:
    return two_snapshots(postgres, tmp_path_factory.mktemp("faults"))


@pytest.fixture
def network(trained: Network, postgres: str, tmp_path: Path) -> Network:
    """A copy that a test may change."""
    return trained.clone(postgres, tmp_path / "home")
