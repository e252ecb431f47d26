"""Posts as a person wants to see them in a terminal: id, topic and how the text begins."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
from rich.markup import escape
from rich.table import Table

from core.columns import POST_ID, TEXT, TOPIC
from ranking.explain import STRONGEST, Explanation
from ranking.recommender import STATE_FILE

BEGINNING = 80  # characters


class Post(NamedTuple):
    """One post of an answer; named as the API names its fields."""

    id: int
    topic: str | None
    text: str


def read_posts(folder: Path, post_ids: Sequence[int]) -> list[Post]:
    """The posts of a snapshot's folder, in the order of `post_ids`."""
    with duckdb.connect(str(folder / STATE_FILE), read_only=True) as snapshot:
        query = f"SELECT {POST_ID}, {TOPIC}, {TEXT} FROM posts JOIN post_text USING ({POST_ID}) WHERE {POST_ID} IN ?"
        found = {row[0]: Post(*row) for row in snapshot.execute(query, [list(post_ids)]).fetchall()}
    return [found[post_id] for post_id in post_ids]


def posts_table(title: str, posts: Iterable[Post]) -> Table:
    """A line a post, best first."""
    table = Table("post", "topic", "text", title=escape(title), title_justify="left", expand=False)
    for post in posts:
        table.add_row(str(post.id), escape(post.topic or ""), _beginning(post))
    return table


def explained_table(title: str, posts: Iterable[Post], explanations: Iterable[Explanation]) -> Table:
    """A block a post, best first, with what speaks for it (+) and against it (-) in log-odds of a like."""
    names = ("post", "topic", "text", "source", "propensity", "chance of a like", "why", "similar posts liked")
    table = Table(*names, title=escape(title), title_justify="left", expand=False, show_lines=True)
    for post, found in zip(posts, explanations, strict=True):
        table.add_row(
            str(post.id),
            escape(post.topic or ""),
            _beginning(post),
            found.source,
            f"{found.propensity:.3g}",
            f"{found.score:.3f}",
            "\n".join(f"{one.contribution:+.2f} {escape(one.reason)}" for one in found.reasons[:STRONGEST]),
            "\n".join(f"{one.id} ({one.similarity:.2f})" for one in found.similar_liked),
        )
    return table


def _beginning(post: Post) -> str:
    return escape(" ".join(post.text.split())[:BEGINNING])
