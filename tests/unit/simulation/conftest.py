from datetime import datetime

import pytest

from simulation.settings import WorldSettings
from simulation.world import World, simulate


@pytest.fixture(scope="session")
def settings() -> WorldSettings:
    return WorldSettings(users=600, posts=300, days=20, events=150_000, seed=7, ends_at=datetime(2024, 3, 1))


@pytest.fixture(scope="session")
def world(settings: WorldSettings) -> World:
    return simulate(settings)
