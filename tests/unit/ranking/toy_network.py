"""A network of a few users whose chances to like every post are a table, and a recommender that knows the table."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from ranking.top_k import top_k

CUT = date(2024, 3, 3)
NO_DAYS = pl.DataFrame(schema={"post_id": pl.Int64, "day": pl.Date, "views": pl.Int64, "likes": pl.Int64})

# of every view: noon of the first test day, an old post, a user nobody knew
NOTHING_SPECIAL = (
    pl.lit(datetime(2024, 3, 3, 12)).alias("event_time"),
    pl.lit(False).alias("young"),
    pl.lit(0).alias("events_before"),
)


@dataclass
class Known:
    """A state without neighbours: nothing is near to what anybody liked."""

    user_ids: np.ndarray
    post_ids: np.ndarray
    eligible: np.ndarray

    def __post_init__(self):
        self.neighbours = csr_array((len(self.post_ids),) * 2, dtype=np.float32)
        self.liked_offsets = np.zeros(len(self.user_ids) + 2, np.int64)
        self.liked_posts = np.zeros(0, np.int32)


class TableRecommender:
    """Knows a probability for every user and post; an unknown user gets the mean over users."""

    def __init__(self, chances, user_ids, post_ids, eligible=None, liked=None):
        self.chances = np.asarray(chances, np.float32)
        everything = np.ones(len(post_ids), bool)
        self.state = Known(np.array(user_ids), np.array(post_ids), everything if eligible is None else eligible)
        self.liked = np.zeros(self.chances.shape, bool) if liked is None else liked
        self.asked_for = set()

    def score(self, arm, user_rows, when):
        self.asked_for.add(when)
        table = np.vstack([self.chances, self.chances.mean(axis=0, dtype=np.float64)])[user_rows].astype(np.float32)
        return table if arm == "test" else 1 - table  # the control arm is as wrong as can be

    def already_liked(self, user_rows):
        return np.vstack([self.liked, np.zeros(self.liked.shape[1], bool)])[user_rows]

    def considered(self, arm, user_rows):
        return ~self.already_liked(user_rows) & self.state.eligible

    def choose(self, arm, scores, limit):
        return top_k(scores, limit)


def views(*rows):
    frame = pl.DataFrame(rows, schema={"user_id": pl.Int64, "post_id": pl.Int64, "liked": pl.Boolean}, orient="row")
    return frame.with_columns(NOTHING_SPECIAL)


def value(table, arm, metric):
    return table.filter(pl.col("arm") == arm, pl.col("metric") == metric)["value"].item()


def network(users=400, posts=60, seen=30, seed=0):
    """Everybody has a taste of their own and views posts at random."""
    generator = np.random.default_rng(seed)
    chances = generator.beta(0.3, 2, size=(users, posts))
    user, post = np.repeat(np.arange(users), seen), generator.integers(posts, size=users * seen)
    liked = generator.random(users * seen) < chances[user, post]
    frame = pl.DataFrame({"user_id": user * 3 + 1, "post_id": post * 2 + 10, "liked": liked})
    frame = frame.with_columns(NOTHING_SPECIAL)
    return TableRecommender(chances, np.arange(users) * 3 + 1, np.arange(posts) * 2 + 10), frame
