"""One published snapshot of a small world, for every test that only reads."""

import pytest

from core.settings import FeatureSettings, RankingSettings, Settings
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
