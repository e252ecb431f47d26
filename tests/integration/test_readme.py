"""What the README promises analysts works as it stands there."""

import duckdb
import pytest

from tests.integration.documented import blocks
from tests.integration.small_network import Network

QUERIES = blocks("README.md", "sql")


def test_there_are_eight_questions() -> None:
    assert len(QUERIES) == 8


@pytest.mark.parametrize("query", QUERIES)
def test_every_question_has_an_answer(query: str, trained_network: Network) -> None:
    tables = trained_network.settings.snapshots_folder / "current" / "features.duckdb"
    with duckdb.connect(str(tables), read_only=True) as snapshot:
        assert snapshot.execute(query).fetchall()
