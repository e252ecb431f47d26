import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.lexicon_themes import THEME_NAMES, THEMES
from simulation.lexicon_topics import TOPIC_NAMES
from simulation.world import World
from simulation.writing import MOST_MENTIONS, write_posts


def test_posts_are_different_readable_and_of_the_seven_topics(world: World) -> None:
    posts = world.posts
    assert posts["text"].n_unique() == len(posts)
    assert set(posts["topic"]) == {"business", "covid", "entertainment", "movie", "politics", "sport", "tech"}
    for text in posts["text"]:
        assert 40 <= len(text.split()) <= 80
        assert re.fullmatch(r"[A-Z][^<>{}|;]*\.", text), text
        sentences = text.split(". ")
        assert len(sentences) == len(set(sentences))
        assert all(sentence[0].isupper() for sentence in sentences), text


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), topic=st.integers(0, len(TOPIC_NAMES) - 1), theme=st.integers(0, 11))
def test_the_longest_post_on_a_single_theme_can_be_written_for_any_topic(seed: int, topic: int, theme: int) -> None:
    mentions = np.zeros((3, len(THEME_NAMES)), dtype=np.int64)
    mentions[:, theme] = MOST_MENTIONS
    texts = write_posts(np.random.default_rng(seed), np.full(3, topic), mentions)
    assert len(set(texts)) == 3


def test_every_theme_is_said_in_many_words() -> None:
    for lexicon in THEMES.values():
        assert len(set(lexicon.deeds)) >= 24
        assert len(set(lexicon.things)) >= 90
        assert len(set(lexicon.scenes)) >= 12


def test_two_posts_of_one_theme_seldom_share_its_words() -> None:
    mentions = np.zeros((60, len(THEME_NAMES)), dtype=np.int64)
    mentions[:, THEME_NAMES.index("food")] = MOST_MENTIONS
    rng = np.random.default_rng(0)
    food = [set(re.findall(r"\w{4,}", text.lower())) for text in write_posts(rng, np.repeat([5, 6], 30), mentions)]
    # the topics differ, so what is shared is the theme's or the frames'
    shared = [len(a & b) / len(a | b) for a in food[:30] for b in food[30:]]
    assert np.mean(shared) < 0.1
