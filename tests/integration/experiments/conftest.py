"""An experiment in an empty PostgreSQL."""

from pathlib import Path

import pytest

from core.settings import Settings


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings.model_validate({"home": tmp_path / "home", "source": {"dsn": database}})
