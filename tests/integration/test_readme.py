"""What the README promises analysts works as it stands there."""

import re
from pathlib import Path

import duckdb
import pytest

from core.settings import Settings

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)


def test_there_are_six_questions() -> None:
    assert len(QUERIES) == 6


@pytest.mark.parametrize("query", QUERIES)
def test_every_question_has_an_answer(query: str, published: Settings) -> None:
    with duckdb.connect(str(published.snapshots_folder / "current" / "features.duckdb"), read_only=True) as snapshot:
        assert snapshot.execute(query).fetchall()
