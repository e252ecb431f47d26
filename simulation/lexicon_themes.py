"""What posts are about below their topic: twelve themes, each said in many different words.

A theme cuts across the topics: money worries befall a goalkeeper as well as a minister. A post uses only a few phrases
of a theme, so two posts of one theme seldom share a word; what they share is the meaning.
"""

from dataclasses import replace

from simulation.lexicon_life import CONFLICT, FAMILY, FOOD, HEALTH, HUMOUR, MONEY
from simulation.lexicon_names import NAMES
from simulation.lexicon_world import CRIME, HISTORY, LEARNING, NATURE, TECHNOLOGY, TRAVEL
from simulation.phrases import ThemeLexicon

_PHRASES: dict[str, ThemeLexicon] = {
    "money": MONEY,
    "family": FAMILY,
    "conflict": CONFLICT,
    "nature": NATURE,
    "health": HEALTH,
    "technology": TECHNOLOGY,
    "history": HISTORY,
    "humour": HUMOUR,
    "food": FOOD,
    "travel": TRAVEL,
    "learning": LEARNING,
    "crime": CRIME,
}
THEMES: dict[str, ThemeLexicon] = {
    name: replace(phrases, things=phrases.things + NAMES[name]) for name, phrases in _PHRASES.items()
}
THEME_NAMES: tuple[str, ...] = tuple(THEMES)
