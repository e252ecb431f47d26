"""How lexicons are written and read.

An entry holds pieces separated by `;`, and `{a|b}` stands for either of two ways to say it. A piece that can be said
in many ways is picked the more often, so that no single wording becomes a mark of its theme.
"""

import math
import re
from dataclasses import dataclass

import numpy as np

_CHOICE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class ThemeLexicon:
    """The phrases that say one theme."""

    deeds: tuple[str, ...]  # what somebody did, past tense, said of one person of any topic
    things: tuple[str, ...]  # noun phrases, after "about" or "of"
    scenes: tuple[str, ...]  # whole clauses in the past tense, after "when" or "and"


@dataclass(frozen=True)
class TopicLexicon:
    """The pieces that make a sentence belong to one topic."""

    actors: tuple[str, ...]  # somebody, singular, before a verb in the past tense
    subjects: tuple[str, ...]  # what the post is about, after "for", "of" or "behind"
    moments: tuple[str, ...]  # when or where, at the end of a sentence or before it
    doings: tuple[str, ...]  # what an actor did, past tense
    scenery: tuple[str, ...]  # whole sentences that only set the topic


def pieces(text: str) -> tuple[str, ...]:
    """The pieces of an entry, line breaks and indentation taken out, each as often as there are ways to say it."""
    found = []
    for piece in text.split(";"):
        ways = math.prod(choice.count("|") + 1 for choice in _CHOICE.findall(piece))
        found += [" ".join(piece.split())] * ways
    return tuple(found)


def pick(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    """One of `options`, all equally likely. Cheaper than `rng.choice`, which builds an array first."""
    return options[int(rng.random() * len(options))]


def resolve(rng: np.random.Generator, piece: str) -> str:
    """Replace each `{a|b}` of a piece by one of its ways."""
    return _CHOICE.sub(lambda found: pick(rng, tuple(found[1].split("|"))).strip(), piece)
