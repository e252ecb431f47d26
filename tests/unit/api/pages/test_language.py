"""Every text of the pages is translated, with its placeholders; and the reader's wish is understood."""

import re
from importlib import resources
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from hypothesis import given
from hypothesis import strategies as st

from api.pages.data_view import examples
from api.pages.feed_lists import REASONS_TOLD
from api.pages.language import ENGLISH, NAMES, catalog, choose, translations
from experiments.metrics import METRICS
from features.catalog import REASONS
from ranking.segments import BUCKETS, YOUNG_POSTS

PAGES = Path(str(resources.files("api.pages")))
PLACEHOLDERS = re.compile(r"%\(\w+\)s|\{\w+\}")
# titles of metrics come with a report, names of segments with an evaluation, and questions with their queries
SAID_ELSEWHERE = {
    *(metric.title for metric in METRICS.values()),
    *(one.question for one in examples()),
    *BUCKETS,
    YOUNG_POSTS,
}


def texts() -> set[str]:
    """All that the code of the pages says."""
    python = [(file, "python", {"marked": None, "translate": None}) for file in PAGES.glob("*.py")]
    templates = [
        (file, "jinja2.ext:babel_extract", {"_": None, "ngettext": (1, 2)}) for file in PAGES.glob("templates/*.html")
    ]
    return {
        str(message)
        for file, method, keywords in [*python, *templates]
        for _, message, _, _ in extract_from_file(method, file, keywords=keywords)
    } | SAID_ELSEWHERE


@pytest.mark.parametrize("language", sorted(NAMES.keys() - {ENGLISH}))
def test_every_text_is_translated_and_none_is_left_over(language: str) -> None:
    known = {str(message.id) for message in catalog(language) if message.id}
    assert len(known) > 50
    assert texts() - known == set()
    assert known - texts() == set()


def test_placeholders_stay() -> None:
    for message in catalog("ru"):
        # of a plural there are as many texts as the language has forms
        assert set(PLACEHOLDERS.findall(str(message.id))) == set(PLACEHOLDERS.findall(str(message.string)))


def test_the_reasons_are_those_of_the_features() -> None:
    assert set(REASONS_TOLD) == set(REASONS.values())


def test_a_text_without_a_translation_stays() -> None:
    assert translations("ru").gettext("never said") == "never said"


@given(st.none() | st.text(), st.text())
def test_whatever_a_browser_sends_there_is_a_language(cookie: str | None, accepted: str) -> None:
    assert choose(cookie, accepted) in NAMES
