"""The posts that features are computed for, in one fixed order: by id."""

from dataclasses import dataclass
from typing import Self

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import POST_ID, TEXT, TEXT_HASH, TOPIC
from core.errors import SourceEmpty
from features.text_space import has_text


@dataclass(frozen=True)
class Posts:
    """All posts of the warehouse; every array has one row a post, by ascending id."""

    ids: NDArray[np.int64]  # (P,)
    topics: list[str]  # the network's topics, by name; '' for posts without one
    topic_rows: NDArray[np.int64]  # (P,) places in `topics`
    texts: list[str]
    hashes: list[str]
    first_seen: NDArray[np.datetime64]  # (P,) first known day of any event, NaT before it

    @classmethod
    def load(cls, con: duckdb.DuckDBPyConnection) -> Self:
        """Read `raw.posts`.

        Raises:
            SourceEmpty: there is not one post.
        """
        posts = con.sql(
            f"""
            SELECT {POST_ID}, {TEXT}, {TEXT_HASH}, coalesce({TOPIC}, '') AS topic, min(day) AS first_seen
            FROM raw.posts LEFT JOIN features.post_day USING ({POST_ID}) GROUP BY ALL ORDER BY {POST_ID}
            """
        ).pl()
        if posts.is_empty():
            raise SourceEmpty(
                "raw.posts holds 0 posts; a recommender needs at least 1: check the source's table of posts"
            )
        topics = posts["topic"].unique().sort()
        return cls(
            ids=posts[POST_ID].to_numpy(),
            topics=topics.to_list(),
            topic_rows=topics.search_sorted(posts["topic"]).cast(pl.Int64).to_numpy(),
            texts=posts[TEXT].to_list(),
            hashes=posts[TEXT_HASH].to_list(),
            first_seen=posts["first_seen"].to_numpy(),
        )

    @property
    def has_text(self) -> NDArray[np.bool_]:
        """(P,) False where the text is empty or blank."""
        return has_text(self.texts)

    def topics_of(self, chosen: NDArray[np.bool_]) -> list[str]:
        """The topics of some posts, given as (P,), by name."""
        return [self.topics[row] for row in np.unique(self.topic_rows[chosen])]

    def seen_before(self, cut: np.datetime64) -> NDArray[np.bool_]:
        """(P,) True for the posts that were known to be shown before `cut`."""
        return self.first_seen < cut
