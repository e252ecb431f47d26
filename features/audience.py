"""The users that posts are ranked for, as rankers see them: as the state knows them, or as they are just now."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.likes import owners_of


@dataclass(frozen=True)
class Audience:
    """n users of one arm. T topics; dims of the arm's text space; K factors."""

    values: NDArray[np.float32]  # (n, profile + activity) in the catalogue's order
    topics: NDArray[np.float32]  # (n, T, 2) views and like rate in each topic
    prior: NDArray[np.float32]  # (n, T) log-odds of a like in each topic, by profile
    liked: NDArray[np.float32]  # (n, dims) unit vector of what each user liked
    factors: NDArray[np.float32]  # (n, K)
    liked_offsets: NDArray[np.int64]  # (n + 1,) places in `liked_posts`
    liked_posts: NDArray[np.int32]  # rows of the posts each user liked, ascending within a user

    def __len__(self) -> int:
        return len(self.values)

    def part(self, start: int, stop: int) -> "Audience":
        """Give some of the users, one after the other."""
        if start == 0 and stop >= len(self):
            return self
        some, offsets = slice(start, stop), self.liked_offsets[start : stop + 1]
        return Audience(
            values=self.values[some],
            topics=self.topics[some],
            prior=self.prior[some],
            liked=self.liked[some],
            factors=self.factors[some],
            liked_offsets=offsets - offsets[0],
            liked_posts=self.liked_posts[offsets[0] : offsets[-1]],
        )

    @cached_property
    def likes(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Whose of the n each like is, ascending, and the row of its post, ascending within a user."""
        return owners_of(self.liked_offsets), self.liked_posts
