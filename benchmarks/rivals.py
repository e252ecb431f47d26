"""Rankings that the arms are held against: popularity, a product of two rates, and item neighbours."""

import warnings

import duckdb
import numpy as np
from implicit.nearest_neighbours import BM25Recommender
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.yardstick import Scorer
from core.settings import Settings
from features.catalog import POST, TOPIC_PAIR
from features.serving_state import ServingState
from ranking.baselines import decayed_popular_scores, popular_scores

POPULAR, DECAYED_POPULAR = "popular", "decayed popular"
TOPIC_LIKE_RATE = "topic, like rate"
BM25_NEIGHBOURS = "BM25 neighbours"
NEIGHBOURS = 50  # of each post


def rivals(con: duckdb.DuckDBPyConnection, state: ServingState, settings: Settings) -> dict[str, Scorer]:
    """All of them by name, each knowing what is in the warehouse."""
    post_day = con.sql("SELECT post_id, day, likes FROM features.post_day").pl()
    popular = popular_scores(post_day, state.post_ids, state.cut)
    decayed = decayed_popular_scores(post_day, state.post_ids, state.cut, settings.ranking.popularity_half_life)
    return {
        POPULAR: lambda _: popular[None],
        DECAYED_POPULAR: lambda _: decayed[None],
        TOPIC_LIKE_RATE: topic_like_rate(state),
        BM25_NEIGHBOURS: bm25_neighbours(con, state, settings.threads),
    }


def topic_like_rate(state: ServingState) -> Scorer:
    """The user's like rate in the post's topic, times how the post does within its topic."""
    columns = [spec.name for spec in POST]
    rate, of_topic = (state.posts.values[:, columns.index(name)] for name in ("post_like_rate", "topic_like_rate"))
    in_topic: NDArray[np.float32] = rate / of_topic  # (P,)
    of_user = state.users.topics[:, :, [spec.name for spec in TOPIC_PAIR].index("pair_topic_like_rate")]  # (U, topics)
    return lambda users: of_user[users][:, state.posts.topic_rows] * in_topic


def bm25_neighbours(con: duckdb.DuckDBPyConnection, state: ServingState, threads: int) -> Scorer:
    """Posts liked together with those that the user likes, likes weighted by BM25, as `implicit` does it."""
    likes = con.sql("SELECT DISTINCT user_id, post_id FROM raw.events WHERE action = 'like' ORDER BY ALL").pl()
    rows = np.searchsorted(state.user_ids, likes["user_id"]), np.searchsorted(state.post_ids, likes["post_id"])
    shape = len(state.user_ids), len(state.post_ids)
    liked = csr_matrix((np.ones(len(rows[0]), dtype=np.float32), rows), shape=shape)
    model = BM25Recommender(K=NEIGHBOURS, num_threads=threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a matrix that `implicit` itself makes and then converts
        model.fit(liked, show_progress=False)
    similarity = model.similarity.astype(np.float32)
    return lambda users: (liked[users] @ similarity).toarray()
