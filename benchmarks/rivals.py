"""Rankings that the arms are held against: popularity, a product of two rates, and item neighbours."""

import duckdb
import numpy as np
from numpy.typing import NDArray

from benchmarks.yardstick import Scorer
from core.settings import Settings
from features.catalog import POST, TOPIC_PAIR
from features.serving_state import ServingState
from ranking.baselines import decayed_popular_scores, neighbour_scores, popular_scores

POPULAR, DECAYED_POPULAR = "popular", "decayed popular"
TOPIC_LIKE_RATE = "topic, like rate"
BM25_NEIGHBOURS = "BM25 neighbours"


def rivals(con: duckdb.DuckDBPyConnection, state: ServingState, settings: Settings) -> dict[str, Scorer]:
    """All of them by name, each knowing what is in the warehouse."""
    post_day = con.sql("SELECT post_id, day, likes FROM features.post_day").pl()
    popular = popular_scores(post_day, state.post_ids, state.cut)
    decayed = decayed_popular_scores(post_day, state.post_ids, state.cut, settings.ranking.popularity_half_life)
    return {
        POPULAR: lambda _: popular[None],
        DECAYED_POPULAR: lambda _: decayed[None],
        TOPIC_LIKE_RATE: topic_like_rate(state),
        BM25_NEIGHBOURS: lambda users: neighbour_scores(state, users),
    }


def topic_like_rate(state: ServingState) -> Scorer:
    """The user's like rate in the post's topic, times how the post does within its topic."""
    columns = [spec.name for spec in POST]
    rate, of_topic = (state.posts.values[:, columns.index(name)] for name in ("post_like_rate", "topic_like_rate"))
    in_topic: NDArray[np.float32] = rate / of_topic  # (P,)
    of_user = state.users.topics[:, :, [spec.name for spec in TOPIC_PAIR].index("pair_topic_like_rate")]  # (U, topics)
    return lambda users: of_user[users][:, state.posts.topic_rows] * in_topic
