"""Texts are cut where they can be, and reasons are told in the reader's language."""

from hypothesis import given
from hypothesis import strategies as st

from api.pages.feed_lists import EMBEDDED, OPENING, Text, in_words
from api.pages.language import translations
from features.catalog import REASONS
from ranking.explain import named


@given(st.text(max_size=3 * OPENING))
def test_a_text_that_is_cut_stays_whole(text: str) -> None:
    cut = Text.of(text)
    assert cut.rest is not None
    assert cut.opening + cut.rest == text
    assert len(cut.opening) <= OPENING * 1.3


def test_a_long_text_is_cut_between_words_and_its_rest_waits() -> None:
    assert Text.of("word " * 200).opening.endswith("word")
    long = Text.of("x" * (EMBEDDED + 1))
    assert (len(long.opening), long.rest) == (OPENING, None)


def test_reasons_are_told_in_russian_with_their_topic() -> None:
    to_russian = translations("ru").gettext
    for topic in ("sport", "{topic} %s", None):
        for template in set(REASONS.values()):
            told = in_words(template.format(topic=named(topic)), topic, to_russian)
            assert "topic " not in told.replace("{topic} %s", "")
            if "{topic}" in template and topic:
                assert topic in told
    assert in_words("something new", None, to_russian) == "something new"
