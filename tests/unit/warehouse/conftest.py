"""Settings of an empty home, and a snapshot's least content."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.settings import Settings
from warehouse.snapshots import ManifestBody, Snapshot, draft, public_settings, publish

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"home": tmp_path, "source": {"dsn": "postgresql://me:secret@nowhere/db"}})


@pytest.fixture
def body(settings: Settings) -> ManifestBody:
    return ManifestBody(
        watermark=NOON,
        cut=NOON,
        trained_at=NOON,
        rows={"users": 1},
        metrics={"control": {"auc": 0.7, "hitrate": float("nan")}},
        settings=public_settings(settings),
        code_version="0",
    )


@pytest.fixture
def publish_text(settings: Settings, body: ManifestBody) -> Callable[[str], Snapshot]:
    """Publish a snapshot of one file that holds the given text, and one in a folder below."""

    def publish_one(text: str) -> Snapshot:
        with draft(settings) as folder:
            (folder / "features.duckdb").write_text(text)
            (folder / "encoders").mkdir()
            (folder / "encoders" / "weights").write_text("1 2 3")
            return publish(settings, folder, body, by="the test")

    return publish_one
