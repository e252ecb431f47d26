"""What a ranker has to beat, all of it declared in `BASELINES`, where one more is one line more.

All of them know only what was known before the cut, as the rankers do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import DAY, LIKES, POST_ID
from core.hashing import hash_ids, splitmix64
from core.settings import RankingSettings
from features import neighbours
from features.likes import likes_of, owners_of
from ranking.scored import Judged, Scorer, State


def random_scores(user_ids: NDArray[np.int64], post_ids: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Uniform scores of [0, 1), (U, P), each decided by seed, user and post alone, whatever else is scored with them.

    >>> posts = np.array([1, 2])
    >>> (random_scores(np.array([7, 8]), posts, seed=0)[1] == random_scores(np.array([8]), posts, seed=0)[0]).tolist()
    [True, True]
    """
    pairs = splitmix64(hash_ids(user_ids, seed)[:, None] ^ hash_ids(post_ids, seed + 1)[None, :])
    # float32 holds 24 bits exactly, so no value rounds up to 1
    return (pairs >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


def popular_scores(post_day: pl.DataFrame, post_ids: NDArray[np.int64], cut: date) -> NDArray[np.float64]:
    """Likes of each post before the cut, (P,); 0 for a post without any.

    `post_day` holds a row a post and day with its likes; `post_ids` is sorted.

    >>> days = pl.DataFrame({"post_id": [1, 1, 2], "day": [date(2024, 1, 1), date(2024, 1, 3), date(2024, 1, 2)],
    ...                      "likes": [5, 7, 1]})
    >>> popular_scores(days, np.array([1, 2, 3]), date(2024, 1, 3)).tolist()
    [5.0, 1.0, 0.0]
    """
    return _sum_by_post(post_day, post_ids, cut, pl.col(LIKES))


def decayed_popular_scores(
    post_day: pl.DataFrame, post_ids: NDArray[np.int64], cut: date, half_life: timedelta
) -> NDArray[np.float64]:
    """Likes of each post before the cut, each counting half as much for every `half_life` of age, (P,).

    score(post) = Σ over days d < cut of likes(post, d) · 0.5^((cut - d) / half_life)

    >>> days = pl.DataFrame({"post_id": [1, 2], "day": [date(2024, 1, 1), date(2024, 1, 2)], "likes": [8, 8]})
    >>> decayed_popular_scores(days, np.array([1, 2]), date(2024, 1, 3), timedelta(days=1)).tolist()
    [2.0, 4.0]
    """
    age = (pl.lit(cut) - pl.col(DAY).cast(pl.Date)).dt.total_days()
    weight = pl.lit(0.5).pow(age / (half_life / timedelta(days=1)))
    return _sum_by_post(post_day, post_ids, cut, pl.col(LIKES) * weight)


def neighbour_scores(state: State, user_rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """BM25 item-item neighbours of what each user liked, (len(user_rows), P), see `features.neighbours`.

    Row -1 is a user nobody has seen, who has liked nothing: 0 for every post.
    """
    offsets, liked = likes_of(state.liked_offsets, state.liked_posts, user_rows)
    return neighbours.neighbour_scores(state.neighbours, owners_of(offsets), liked, len(user_rows))


def _sum_by_post(
    post_day: pl.DataFrame, post_ids: NDArray[np.int64], cut: date, amount: pl.Expr
) -> NDArray[np.float64]:
    # sorted and summed in row order: a parallel group-by may add in another order and break ties differently
    rows = (
        post_day.filter(pl.col(DAY) < cut, pl.col(POST_ID).is_in(post_ids))
        .sort(POST_ID, DAY)
        .select(POST_ID, amount.cast(pl.Float64).alias("amount"))
    )
    columns = np.searchsorted(post_ids, rows[POST_ID].to_numpy())
    amounts = rows["amount"].to_numpy()
    return np.bincount(columns, weights=amounts, minlength=len(post_ids)).astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True)
class Known:
    """What a baseline may go by."""

    recommender: Judged  # who liked what before the cut, by `already_liked`
    user_ids: NDArray[np.int64]  # (n,) of the judged users
    users: NDArray[np.int64]  # (n,) their rows in the recommender's state, -1 for unknown
    post_day: pl.DataFrame  # (post_id, day, likes); days from the cut on must not be used
    cut: date
    settings: RankingSettings

    def same_for_all(self, scores: NDArray[np.float64]) -> Scorer:
        """Score posts alike for every user by `scores` (P,)."""
        return lambda part: np.broadcast_to(scores, (len(self.users[part]), len(scores)))


def _random(known: Known) -> Scorer:
    post_ids = known.recommender.state.post_ids
    return lambda part: random_scores(known.user_ids[part], post_ids, known.settings.seed)


def _popular(known: Known) -> Scorer:
    return known.same_for_all(popular_scores(known.post_day, known.recommender.state.post_ids, known.cut))


def _decayed_popular(known: Known) -> Scorer:
    half_life = known.settings.popularity_half_life
    post_ids = known.recommender.state.post_ids
    return known.same_for_all(decayed_popular_scores(known.post_day, post_ids, known.cut, half_life))


def _neighbours(known: Known) -> Scorer:
    return lambda part: neighbour_scores(known.recommender.state, known.users[part])


RANDOM: Final = "random"  # what a pair has to beat even where nothing stands
BASELINES: Final[Mapping[str, Callable[[Known], Scorer]]] = {
    RANDOM: _random,
    "popular": _popular,
    "decayed_popular": _decayed_popular,
    "neighbours": _neighbours,
}
RIVALS: Final = tuple(name for name in BASELINES if name != RANDOM)  # what a pair must not lose to
