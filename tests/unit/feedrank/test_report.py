"""`feedrank report` tells the verdict first, and where the page lies."""

import json
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.settings import load_settings
from tests.unit.experiments.reports import EMPTY, INTERLEAVED, SPLIT, write_json
from tests.unit.feedrank.command import Command


@pytest.fixture
def feedrank(feedrank: Command) -> Command:
    """Run `feedrank report`."""
    return partial(feedrank, "report")


def test_before_the_first_report_it_says_what_makes_one(feedrank: Command) -> None:
    code, output, error = feedrank()
    assert (code, output) == (1, "")
    assert "experiment-report/daily writes one" in error
    assert feedrank("other")[0] == 1


def test_the_verdict_comes_first_and_the_page_last(feedrank: Command, tmp_path: Path) -> None:
    write_json(load_settings(), SPLIT)
    code, output, _ = feedrank()
    lines = output.splitlines()
    assert code == 0
    assert lines[0] == SPLIT.verdict.sentence
    assert lines[1].strip() == "- The sequence holds zero."
    assert "-1.0%" in output  # the bounds, which a narrow terminal divides among lines
    assert "+11.0%" in output
    assert lines[-1] == f"page: {tmp_path / 'home/experiments/text-embeddings/report.html'}"


@pytest.mark.parametrize("report", [INTERLEAVED, EMPTY], ids=["interleaved", "empty"])
def test_other_designs_and_no_data_are_told_as_well(feedrank: Command, report: object) -> None:
    write_json(load_settings(), report)  # type: ignore[arg-type]
    assert feedrank("text-embeddings")[0] == 0


def test_json_is_the_whole_report(feedrank: Command) -> None:
    write_json(load_settings(), SPLIT)
    write_json(load_settings(), replace(SPLIT, experiment="later"))
    output = json.loads(feedrank("text-embeddings", "--json")[1])
    assert output["experiment"] == "text-embeddings"
    assert output["metrics"][0]["cuped"]["reason"] == "the users do not vary"
    assert json.loads(feedrank("--json")[1])["experiment"] == "later"
