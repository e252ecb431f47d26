"""The small network with its warehouse in a DuckLake, and beside it the same network with a local warehouse."""

from pathlib import Path

import pytest

from benchmarks.object_store import ObjectStore
from core.settings import Settings
from tests.integration.small_network import Network


def as_lake(settings: Settings, catalog: str, data_path: str, object_store: ObjectStore) -> Settings:
    """The same settings with the warehouse in a DuckLake."""
    values = settings.model_dump(exclude_unset=True)
    values["source"]["dsn"] = settings.source.required_dsn()
    values["warehouse"] = {"catalog": catalog, "data_path": data_path}
    values["object_store"] = object_store.settings.model_dump() | {"secret": "s3-secret"}
    return Settings.model_validate(values)


@pytest.fixture
def lake(trained_network: Network, postgres: str, database: str, object_store: ObjectStore, tmp_path: Path) -> Network:
    """The network of `trained_network`, with a lake of its own and nothing copied yet."""
    settings = as_lake(trained_network.settings, database, f"{object_store.bucket()}/warehouse", object_store)
    return Network(trained_network.dsn, settings.model_copy(update={"home": tmp_path / "lake"}))
