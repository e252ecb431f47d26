"""The service over the small world's snapshot."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from core.settings import ApiSettings, Settings

Client = TestClient[Litestar]


@pytest.fixture(scope="session")
def client(published: Settings) -> Iterator[Client]:
    with TestClient(create_app(published)) as client:
        yield client


@pytest.fixture(scope="session")
def tables(published: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published snapshot's tables, to hold answers against."""
    with duckdb.connect(str(published.snapshots_folder / "current" / "features.duckdb"), read_only=True) as con:
        yield con


@pytest.fixture
def home(published: Settings, tmp_path: Path) -> Settings:
    """A copy of the published world that a test may publish to and damage; looked at every 50 ms."""
    shutil.copytree(published.snapshots_folder, tmp_path / "snapshots", symlinks=True)
    often = ApiSettings(reload_interval=timedelta(milliseconds=50))
    return published.model_copy(update={"home": tmp_path, "api": often})
