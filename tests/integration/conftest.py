"""What more than one folder of tests starts from: something published, made once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.object_store import ObjectStore, own_object_store
from core.settings import FeatureSettings, RankingSettings, Settings
from tests.integration.small_network import Network
from tests.integration.small_world import publish_small_world


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a home with one published snapshot; tests must leave it as it is."""
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        features=FeatureSettings(text_dims=8, text_components=4, text_clusters=3),
        ranking=RankingSettings(iterations=20, depth=4),
    )
    publish_small_world(settings)
    return settings


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """An S3 server of this test session."""
    with own_object_store() as store:
        yield store


@pytest.fixture(scope="session")
def trained_network(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Network:
    """The small network with one published snapshot; tests must leave it as it is."""
    network = Network.create(postgres, tmp_path_factory.mktemp("trained"))
    network.retrain()
    return network


@pytest.fixture
def network(trained_network: Network, postgres: str, tmp_path: Path) -> Network:
    """A copy of the trained network that a test may change."""
    return trained_network.clone(postgres, tmp_path / "home")
