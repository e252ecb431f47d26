"""The lists of the page Feed: what an arm would show a user at a moment, and why.

The ranking is the one that answers requests, but nothing is recorded: a look at this page is no impression.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from api.answers import wanted
from api.engine import Serving
from api.pages.language import Translate, marked
from api.schemas import Post
from core.columns import ARMS
from experiments.assignment import Assignment
from features.catalog import REASONS
from ranking.explain import STRONGEST, Explanation, explain, named

Show = Literal["own", "other", "both"]

LENGTH: Final = 8  # posts of a list
OPENING: Final = 420  # characters of a text that stand in its card ...
EMBEDDED: Final = 6_000  # ... and so many that come with the page; a longer rest is fetched when it is asked for

SOURCES: Final = {
    "neighbours": marked("liked by those who liked the same"),
    "factors": marked("fits the taste"),
    "texts": marked("reads like what was liked"),
    "topics": marked("from a favourite topic"),
    "trending": marked("popular just now"),
    "fresh": marked("fresh"),
    "exploration": marked("by chance, to learn"),
    "all posts": marked("best of all posts"),
}
# those of `features.catalog`, for whoever looks for texts to translate
REASONS_TOLD: Final = (
    marked("people like you (profile)"),
    marked("how much you read and like"),
    marked("how well the post is liked"),
    marked("popular this week"),
    marked("how new the post is"),
    marked("how long the text is"),
    marked("how well {topic} is liked"),
    marked("like posts you liked"),
    marked("liked by people who like what you like"),
    marked("your taste in {topic}"),
    marked("time of day and week"),
)
TOPIC: Final = marked("topic {topic}")
NO_TOPIC: Final = marked("posts without a topic")


@dataclass(frozen=True)
class Text:
    """A post's text, its beginning apart."""

    opening: str
    rest: str | None  # None: it is too long to be sent unasked
    length: int

    @classmethod
    def of(cls, text: str) -> "Text":
        """Cut after a word; a text that is hardly longer than the opening stays whole."""
        if len(text) <= OPENING * 1.3:
            return cls(text, "", len(text))
        space = text.rfind(" ", OPENING // 2, OPENING)
        at = OPENING if space < 0 else space
        return cls(text[:at], text[at:] if len(text) <= EMBEDDED else None, len(text))


@dataclass(frozen=True)
class Near:
    """A liked post that reads alike."""

    post: Post
    similarity: float


@dataclass(frozen=True)
class Card:
    """One place of a list."""

    post: Post
    text: Text
    source: str
    by_chance: bool
    score: float  # probability of a like
    reasons: list[tuple[str, float]]  # in the reader's language, with log-odds
    similar: list[Near]
    new: bool  # it has come with the last action
    in_both: bool


@dataclass(frozen=True)
class Column:
    """What one arm shows."""

    arm: str
    own: bool  # it is the user's
    cards: list[Card]

    @property
    def strongest(self) -> float:
        """The largest reason of the list, for the length of bars."""
        return max((abs(value) for card in self.cards for _, value in card.reasons), default=1.0)


def arms_to_show(own: Assignment, show: Show) -> list[str]:
    """The user's arm, the other one, or both."""
    others = [arm for arm in ARMS if arm != own.arm]
    return {"own": [own.arm], "other": others, "both": [own.arm, *others]}[show]


def columns(
    own: Assignment,
    serving: Serving,
    user_id: int,
    when: datetime,
    show: Show,
    translate: Translate,
    *,
    skipped: Sequence[int] = (),
    before: Sequence[int] = (),
) -> list[Column]:
    """The lists to show beside each other, to a user of arm `own`; `before` is what they held before an action."""
    keep_to = wanted(serving, None, skipped)
    found = []
    for arm in arms_to_show(own, show):
        recommender, audience = serving.live.now(arm, user_id)
        chosen = recommender.recommend(arm, user_id, when, LENGTH, keep_to, audience)
        told = explain(recommender, arm, user_id, when, chosen, audience)
        found.append((arm, serving.posts_of(chosen), told))
    in_all = set.intersection(*({post.id for post in posts} for _, posts, _ in found)) if len(found) > 1 else set()
    return [
        Column(
            arm,
            arm == own.arm,
            [
                _card(serving, post, one, translate, new=bool(before) and post.id not in before, both=post.id in in_all)
                for post, one in zip(posts, told, strict=True)
            ],
        )
        for arm, posts, told in found
    ]


def in_words(reason: str, topic: str | None, translate: Translate) -> str:
    """A reason in the reader's language."""
    template = next((one for one in set(REASONS.values()) if one.format(topic=named(topic)) == reason), None)
    if template is None:
        return reason
    return translate(template).format(topic=translate(TOPIC).format(topic=topic) if topic else translate(NO_TOPIC))


def _card(serving: Serving, post: Post, why: Explanation, translate: Translate, *, new: bool, both: bool) -> Card:
    return Card(
        post=post,
        text=Text.of(post.text),
        source=translate(SOURCES[why.source]),
        by_chance=why.propensity < 1,
        score=why.score,
        reasons=[(in_words(one.reason, post.topic, translate), one.contribution) for one in why.reasons[:STRONGEST]],
        similar=[Near(serving.post(one.id), one.similarity) for one in why.similar_liked],
        new=new,
        in_both=both,
    )
