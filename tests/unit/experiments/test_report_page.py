"""The page of a report: complete, escaped, and the same for the same report."""

import subprocess
import sys

import pytest

from experiments.pictures import pictures
from experiments.report_page import render
from experiments.report_schema import Report
from tests.unit.experiments.reports import EMPTY, INTERLEAVED, SPLIT, broken


def page_of(report: Report) -> str:
    return render(report, pictures(report))


@pytest.mark.parametrize(
    ("report", "drawn"),
    [(SPLIT, ["days", "sequence", "ratio", "segments"]), (INTERLEAVED, ["sequence"]), (EMPTY, [])],
    ids=["split", "interleaved", "empty"],
)
def test_a_picture_is_drawn_of_what_there_is(report: Report, drawn: list[str]) -> None:
    found = pictures(report)
    assert list(found) == drawn
    assert found == pictures(report)
    page = page_of(report)
    assert page.count("<svg") == len(drawn)
    assert report.verdict.sentence in page
    assert "://" not in page


def test_pictures_take_the_colour_of_the_page_and_keep_their_texts() -> None:
    days = pictures(SPLIT)["days"]
    assert "currentColor" in days
    assert "#000000" not in days
    assert "<text" in days
    assert ">control<" in days


def test_what_comes_from_data_is_escaped() -> None:
    page = page_of(SPLIT)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "ann &lt;b&gt;" in page


def test_everything_is_told_without_pictures_too() -> None:
    page = page_of(SPLIT)
    for told in (
        "+5.0% (-1.0% to +11.0%)",
        "the users do not vary",
        "2026-01-04",
        "4.0 ms",
        "the test arm has 0 users",
    ):
        assert told in page
    assert "1 looks" in page  # the other segment could not be looked at
    assert "Yes: p = 0.9" in page


def test_a_broken_sample_ratio_is_said_where_it_is_shown() -> None:
    assert "No:</span> p = &lt; 0.0001" in page_of(broken(1e-7))
    assert "Yes: p = 0.001" in page_of(broken(0.001))


def test_matplotlib_waits_until_something_is_drawn() -> None:
    modules = "experiments.report_files, experiments.pictures, feedrank.report, api.app"
    code = f"import sys, {modules}; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
