"""A network of the course's size, drawn and not simulated: who its users are, what its posts say, who liked what.

`simulation` draws every view of everybody, which takes minutes for 77 million of them. What serving needs of views are
likes and counts, so here likes are drawn, and counts follow from them.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import EVENT_TIME, POST_ID, TEXT, TOPIC, USER_ID
from simulation.draws import ids_with_gaps
from simulation.lexicon_themes import THEME_NAMES
from simulation.lexicon_topics import TOPIC_NAMES
from simulation.people import draw_people
from simulation.writing import FEWEST_MENTIONS, write_posts

LIKE_RATE = 0.12
ENDS_AT = datetime(2026, 1, 1)
DAYS = 90
PIECES = 3  # of some 55 words in a post
MOST_PIECES = 20_000  # written; more posts share pieces
FAVOURITES = 2  # topics that half of a user's likes go to
MOST_LIKED = 0.4  # share of all posts that anybody likes


@dataclass(frozen=True)
class Size:
    """How large. The course's views are 76.9 million, of which 12 % are liked."""

    users: int = 163_205
    posts: int = 7_023
    likes: int = 9_227_136
    seed: int = 0


@dataclass(frozen=True)
class Network:
    """U users, P posts, L likes, T topics."""

    users: pl.DataFrame  # user_id and profile, ascending
    posts: pl.DataFrame  # post_id, text, topic, ascending
    like_users: NDArray[np.int64]  # (L,) rows of users, ascending
    like_posts: NDArray[np.int64]  # (L,) rows of posts, ascending within a user
    like_times: NDArray[np.datetime64]  # (L,)
    topics: list[str]  # by name
    topic_rows: NDArray[np.int64]  # (P,) places in `topics`

    @property
    def user_ids(self) -> NDArray[np.int64]:
        return self.users[USER_ID].to_numpy()

    @property
    def post_ids(self) -> NDArray[np.int64]:
        return self.posts[POST_ID].to_numpy()

    @property
    def likes(self) -> pl.DataFrame:
        """Every like: user_id, post_id, event_time."""
        return pl.DataFrame(
            {
                USER_ID: self.user_ids[self.like_users],
                POST_ID: self.post_ids[self.like_posts],
                EVENT_TIME: self.like_times,
            }
        )


def draw_network(size: Size) -> Network:
    """Draw a network; equal sizes give equal ones."""
    rng = np.random.default_rng(size.seed)
    topics = sorted(TOPIC_NAMES)
    topic_rows = rng.integers(0, len(topics), size.posts)
    like_users, like_posts = _draw_likes(rng, size, topic_rows)
    seconds = rng.integers(0, DAYS * 86_400, len(like_users))
    start = np.datetime64(ENDS_AT, "us") - np.timedelta64(DAYS, "D")
    return Network(
        users=draw_people(rng, size.users).insert_column(0, pl.Series(USER_ID, ids_with_gaps(rng, size.users))),
        posts=pl.DataFrame(
            {
                POST_ID: ids_with_gaps(rng, size.posts),
                TEXT: _texts(rng, topics, topic_rows),
                TOPIC: np.array(topics)[topic_rows],
            }
        ),
        like_users=like_users,
        like_posts=like_posts,
        like_times=start + seconds.astype("timedelta64[s]"),
        topics=topics,
        topic_rows=topic_rows,
    )


def _draw_likes(
    rng: np.random.Generator, size: Size, topic_rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of users and of posts, (L,) each: nobody likes a post twice.

    Activity and popularity are lognormal, and half of a user's likes go to a few favourite topics.
    """
    by_topic = np.argsort(topic_rows, kind="stable")
    shares = rng.lognormal(0, 0.5, size.posts)
    ends = np.cumsum(shares[by_topic]) / shares.sum()  # (P,) of posts by topic
    edges = np.concatenate([[0], ends])[np.searchsorted(topic_rows[by_topic], np.arange(topic_rows.max() + 2))]
    favourites = rng.integers(0, len(edges) - 1, (size.users, FAVOURITES))
    activity = rng.lognormal(0, 1, size.users)
    for _ in range(10):  # what one user can like is bounded, and so others like more
        mean = size.likes * activity / activity.sum()
        activity = np.minimum(mean, MOST_LIKED * size.posts)
    found = np.empty(0, np.int64)
    while len(found) < size.likes:
        missing = int(1.1 * (size.likes - len(found))) + 100
        user = rng.choice(size.users, missing, p=activity / activity.sum())
        topic = favourites[user, rng.integers(0, FAVOURITES, missing)]
        place = rng.random(missing)
        narrow = rng.random(missing) < 0.5
        low, high = edges[topic[narrow]], edges[topic[narrow] + 1]
        place[narrow] = low + place[narrow] * (high - low)
        post = by_topic[np.minimum(np.searchsorted(ends, place, side="right"), size.posts - 1)]
        found = np.union1d(found, user * size.posts + post)
    found = np.sort(rng.permutation(found)[: size.likes])
    return found // size.posts, found % size.posts


def _texts(rng: np.random.Generator, topics: list[str], topic_rows: NDArray[np.int64]) -> list[str]:
    """One text a post, of some 160 words; of 55 where there are more posts than pieces."""
    pieces = min(PIECES * len(topic_rows), MOST_PIECES)
    of_piece = np.arange(pieces) % len(topics)
    mentions = rng.multinomial(FEWEST_MENTIONS, np.full(len(THEME_NAMES), 1 / len(THEME_NAMES)), pieces)
    codes = np.array([TOPIC_NAMES.index(name) for name in topics])
    written = np.array(write_posts(rng, codes[of_piece], mentions), dtype=object)
    each = PIECES if pieces >= len(topic_rows) else 1
    drawn = rng.integers(0, pieces // len(topics), (len(topic_rows), each)) * len(topics)
    parts = written[drawn + topic_rows[:, None] if pieces >= len(topics) else drawn]
    return [" ".join(row) for row in parts.tolist()]
