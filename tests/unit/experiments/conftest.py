from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = Path(__file__).parents[4] / "shared"
    if not folder.is_dir():
        pytest.skip("the folder shared/ beside the repository is absent")
    return folder
