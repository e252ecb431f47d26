"""Posts that read as sentences and say their themes in ever different words.

A post has a topic and a number of mentions of each theme. A mention is one phrase of the theme's lexicon, set into a
sentence of the topic; so the mixture of themes is a fact of the text and not only of the model behind it.
"""

import re
from collections import deque

import numpy as np
from numpy.typing import NDArray

from simulation.lexicon_themes import THEME_NAMES, THEMES
from simulation.lexicon_topics import TOPIC_NAMES, TOPICS
from simulation.phrases import TopicLexicon, pick, resolve

FEWEST_MENTIONS, MOST_MENTIONS = 6, 9  # theme phrases in a post
WORDS = range(40, 81)

# Capital fields are mentions of a theme, small ones pieces of the topic.
_LEADS = (
    "<actors> <doings> <moments>, and <SCENES>.",
    "<actors> <doings>, but most of the talk was about <THINGS>.",
    "It was a {strange|long|busy|memorable} week for <subjects>, and it began with <THINGS>.",
    "Nobody expected the story of <subjects> to begin with <THINGS>.",
    "The {whole|inside} story of <subjects> is also a story about <THINGS>.",
    "On the day that <actors> <doings>, <actors> <DEEDS>.",
    "<moments>, <actors> <DEEDS>.",
)
# as many frames hold a single mention as a post can need, since no post uses a frame twice
_BODY = (
    "<actors> <DEEDS> <moments>.",
    "{Then|Soon afterwards|A day later} <actors> <DEEDS>.",
    "<SCENES>, so <actors> <doings>.",
    "Behind <subjects> lay <THINGS>.",
    "People close to <actors> still mention <THINGS>.",
    "<actors> dreamed of <THINGS>.",
    "Nobody could forget <THINGS>.",
    "For <actors> it was mostly about <THINGS>.",
    "<actors> <DEEDS> and <DEEDS>.",
    "There was {much|endless} talk of <THINGS> and <THINGS>.",
    "<actors> knew everything about <THINGS> and <THINGS>.",
    "Some {spoke|thought} of <THINGS>, others of <THINGS>.",
    "When <SCENES>, <actors> <DEEDS>.",
    "<THINGS> and <THINGS> {overshadowed|accompanied} <subjects>.",
    "{First|Earlier} <actors> <DEEDS>, <DEEDS> and <DEEDS>.",
    "It came down to <THINGS>, <THINGS> and <THINGS>.",
    "Somebody <DEEDS>, and the talk turned to <THINGS> and <THINGS>.",
)
_FIELD = re.compile(r"<(\w+)>")
# frames that hold at most so many mentions
_FITTING = {
    most: tuple(frame for frame in _BODY if sum(kind.isupper() for kind in _FIELD.findall(frame)) <= most)
    for most in (1, 2, 3)
}


def write_posts(rng: np.random.Generator, topics: NDArray[np.int64], mentions: NDArray[np.int64]) -> list[str]:
    """Texts of posts, all different, 40 to 80 words each.

    Args:
        rng: source of every choice.
        topics: (P,) indices into `TOPIC_NAMES`.
        mentions: (P, themes) how many phrases of each theme a post holds, `FEWEST_MENTIONS` to `MOST_MENTIONS` in all.
    """
    texts: dict[str, None] = {}  # keeps the order, and finds a text that was written before
    for topic, counts in zip(topics.tolist(), mentions, strict=True):
        text = ""
        while text in texts or len(text.split()) not in WORDS:
            text = _write(rng, TOPICS[TOPIC_NAMES[topic]], counts)
        texts[text] = None
    return list(texts)


def _write(rng: np.random.Generator, topic: TopicLexicon, counts: NDArray[np.int64]) -> str:
    """One attempt at a post. Mentions of one theme stand together, so that the post keeps to its matter."""
    order = rng.permutation(len(THEME_NAMES))
    themes = deque(THEMES[THEME_NAMES[theme]] for theme in np.repeat(order, counts[order]).tolist())
    used: set[str] = set()

    def fresh(options: tuple[str, ...]) -> str:
        piece = pick(rng, options)
        while piece in used:  # no post says a thing twice; each tuple is longer than the longest post needs
            piece = pick(rng, options)
        used.add(piece)
        return piece

    def fill(field: re.Match[str]) -> str:
        kind = field[1]
        return fresh(getattr(themes.popleft() if kind.isupper() else topic, kind.lower()))

    def sentence(frames: tuple[str, ...]) -> str:
        text = resolve(rng, _FIELD.sub(fill, fresh(frames)))
        return text[0].upper() + text[1:]

    sentences = [sentence(_LEADS)]
    while themes:
        sentences.append(sentence(_FITTING[min(len(themes), 3)]))
    if rng.random() < 0.3:
        sentences.append(sentence(topic.scenery) + ".")
    return " ".join(sentences)
