"""Both rankers, the standing pair and the baselines, judged on the same users, posts and views after the cut.

Every figure of an arm comes from one score a user and post, taken at noon of the cut's day: the state knows nothing
later, and one moment for all keeps the lists and the viewed rows of a user comparable. An arm's hour-of-day features
are therefore those of noon for each view.

Metrics, by name (`k` in the name is the length of the list):

- `auc`: over all views; `user_auc`: inside each user's views, averaged over users.
- `…_viewed`: the posts a user viewed in the test period, ranked by score; relevant are those liked there.
- `…_all`: all eligible posts but those the user liked before the cut; relevant are the posts liked in the test period,
  also such as no list could hold because they are newer than the cut.
- `coverage@10`, `novelty@10`: of the lists over all eligible posts.
- `users`, `rows`: how many users and views stand behind the figures.

A user without a relevant post has no value and is left out of a mean.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from typing import Final, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import ARM, ARMS
from core.logging import get_logger
from core.settings import RankingSettings
from ranking.baselines import decayed_popular_scores, popular_scores, random_scores
from ranking.intervals import bootstrap_means
from ranking.judged_rows import JudgedRows, rows_of_ids
from ranking.metrics import (
    Measured,
    auc,
    average_precision,
    coverage,
    hitrate,
    mean_over_users,
    ndcg,
    novelty,
    self_information,
    user_auc,
)
from ranking.top_k import top_k

log = get_logger(__name__)

RANDOM: Final = "random"
POPULAR: Final = "popular"
DECAYED_POPULAR: Final = "decayed_popular"
BASELINES: Final = (RANDOM, POPULAR, DECAYED_POPULAR)
STANDING: Final = {arm: f"standing_{arm}" for arm in ARMS}  # the pair of the standing snapshot, by arm

HITRATE_VIEWED: Final = "hitrate@5_viewed"
HITRATE_ALL: Final = "hitrate@5_all"

EVALUATION_SCHEMA: Final = pl.Schema(
    {
        ARM: pl.String,
        "metric": pl.String,
        "value": pl.Float64,  # NaN where undefined
        "low": pl.Float64,  # bounds of the 95 % interval, NaN for what is not a mean over users
        "high": pl.Float64,
        "reason": pl.String,  # why value is NaN, else NULL
    }
)

LIST_LENGTH = 10
# of scores and of what ranking them takes, for the users judged at once
CHUNK_BYTES = 64 * 2**20
BYTES_A_SCORE = 24

NO_LIKE = "no user liked a post in the test period that the lists can be judged by"
NO_PAIR = "no user has both liked and unliked views in the test period"
NO_LIST = "no user has an eligible post left to recommend"

Scorer = Callable[[slice], NDArray[np.floating]]  # users of the judged rows -> scores (m, P)
Chooser = Callable[[NDArray[np.floating], int], NDArray[np.int64]]  # scores (m, P), length -> lists (m, length)


class State(Protocol):
    """What was known at the cut: U users and P posts, ids ascending."""

    @property
    def user_ids(self) -> NDArray[np.int64]: ...  # (U,)

    @property
    def post_ids(self) -> NDArray[np.int64]: ...  # (P,)

    @property
    def eligible(self) -> NDArray[np.bool_]: ...  # (P,) may be recommended


class Judged(Protocol):
    """A recommender as the evaluation sees it; `user_rows` index `state.user_ids`, -1 stands for an unknown user."""

    @property
    def state(self) -> State: ...

    def score(self, arm: str, user_rows: NDArray[np.int64], when: datetime) -> NDArray[np.float32]:
        """Probability that each user likes each post, (len(user_rows), P)."""
        ...

    def already_liked(self, user_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Posts each user liked before the cut, (len(user_rows), P)."""
        ...

    def choose(self, arm: str, scores: NDArray[np.floating], limit: int) -> NDArray[np.int64]:
        """The list that would be shown by these scores, (n, P) with -inf for no candidate -> (n, limit)."""
        ...


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured, and the values behind the means, to compare two arms user by user."""

    table: pl.DataFrame  # a row an arm and metric, columns as in EVALUATION_SCHEMA
    by_user: dict[str, dict[str, NDArray[np.float64]]]  # arm -> metric -> (n,), NaN where undefined; {} if all is


def evaluate(
    recommender: Judged,
    test_events: pl.DataFrame,
    post_day: pl.DataFrame,
    cut: date,
    settings: RankingSettings,
    standing: Judged | None = None,
) -> Evaluation:
    """Judge both arms, those of the `standing` pair where there is one, and the baselines.

    `test_events` is (user_id, post_id, liked), a row a view of the test period. `post_day` is (post_id, day, likes);
    days from the cut on are not looked at. At most `settings.max_evaluation_users` users are judged. `standing` knows
    the same users and posts as of the same cut.
    """
    state = recommender.state
    rows = JudgedRows.collect(test_events, state.post_ids, settings.max_evaluation_users, settings.seed)
    users = rows_of_ids(state.user_ids, rows.user_ids)
    likes = popular_scores(post_day, state.post_ids, cut)
    decayed = decayed_popular_scores(post_day, state.post_ids, cut, settings.popularity_half_life)
    noon = datetime.combine(cut, time(12))

    pairs = {arm: (recommender, arm) for arm in ARMS}
    if standing:
        pairs |= {STANDING[arm]: (standing, arm) for arm in ARMS}

    def ranker(judged: Judged, arm: str) -> Scorer:
        return lambda part: judged.score(arm, users[part], noon)

    def same_for_all(scores: NDArray[np.float64]) -> Scorer:
        return lambda part: np.broadcast_to(scores, (len(users[part]), len(scores)))

    scorers: dict[str, Scorer] = {
        **{name: ranker(*pair) for name, pair in pairs.items()},
        RANDOM: lambda part: random_scores(rows.user_ids[part], state.post_ids, settings.seed),
        POPULAR: same_for_all(likes),
        DECAYED_POPULAR: same_for_all(decayed),
    }
    log.info("judging %s on %d users and %d views", ", ".join(scorers), len(users), len(rows.user))
    choosers: dict[str, Chooser] = {name: partial(judged.choose, arm) for name, (judged, arm) in pairs.items()}
    scored, relevant = _score(recommender, rows, users, scorers, choosers)
    information = self_information(likes, len(state.user_ids))
    by_user = {arm: _metrics_by_user(rows, one, relevant, information) for arm, one in scored.items()}
    whole = {
        arm: {
            "auc": auc(one.views, rows.liked),
            f"coverage@{LIST_LENGTH}": coverage(one.lists, int(np.count_nonzero(state.eligible))),
            "users": Measured(float(len(users))),
            "rows": Measured(float(len(rows.user))),
        }
        for arm, one in scored.items()
    }
    return Evaluation(_tabulate(by_user, whole, settings.seed), by_user)


def undefined_evaluation(reason: str) -> Evaluation:
    """The evaluation where there is nothing to judge on: one row an arm, no value, and why."""
    arms = [*ARMS, *BASELINES]
    rows = [(arm, HITRATE_ALL, np.nan, np.nan, np.nan, reason) for arm in arms]
    return Evaluation(pl.DataFrame(rows, schema=EVALUATION_SCHEMA, orient="row"), {})


@dataclass(frozen=True, slots=True)
class _Scored:
    """One arm's scores of the judged views, (E,), and its lists over all eligible posts, (n, LIST_LENGTH), -1 empty."""

    views: NDArray[np.float64]
    lists: NDArray[np.int64]


def _score(
    recommender: Judged,
    rows: JudgedRows,
    users: NDArray[np.int64],
    scorers: dict[str, Scorer],
    choosers: dict[str, Chooser],
) -> tuple[dict[str, _Scored], NDArray[np.int64]]:
    """Scores and lists of each arm, and the number of posts each user could have been recommended and liked, (n,).

    Users go chunk by chunk: all their scores at once would be U·P numbers.
    """
    state, n = recommender.state, len(users)
    scored = {
        arm: _Scored(views=np.empty(len(rows.user)), lists=np.empty((n, LIST_LENGTH), np.int64)) for arm in scorers
    }
    relevant = rows.unscored_likes.copy()
    step = max(1, CHUNK_BYTES // (BYTES_A_SCORE * max(1, len(state.post_ids))))
    for start in range(0, n, step):
        part = slice(start, min(start + step, n))
        views = slice(*np.searchsorted(rows.user, [part.start, part.stop]))
        pairs = slice(*np.searchsorted(rows.pair_start, [views.start, views.stop]))
        already = recommender.already_liked(users[part])  # (m, P)
        user, post = rows.pair_user[pairs] - start, rows.pair_post[pairs]
        first_likes = rows.pair_liked[pairs] & ~already[user, post]
        relevant[part] += np.bincount(user[first_likes], minlength=part.stop - start)
        excluded = already | ~state.eligible
        for arm, scorer in scorers.items():
            scores = scorer(part)
            scored[arm].views[views] = scores[rows.user[views] - start, rows.post[views]]
            candidates = np.where(excluded, -np.inf, scores)
            scored[arm].lists[part] = choosers.get(arm, top_k)(candidates, LIST_LENGTH)
    return scored, relevant


def _metrics_by_user(
    rows: JudgedRows, scored: _Scored, relevant: NDArray[np.int64], information: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Every metric that is a mean over users, one value a user (n,)."""
    n, width = len(rows.user_ids), len(information)
    liked_pairs = (rows.pair_user * width + rows.pair_post)[rows.pair_liked]
    hits = np.isin(np.arange(n)[:, None] * width + scored.lists, liked_pairs) & (scored.lists >= 0)
    viewed_hits = _viewed_hits(rows, scored.views[rows.pair_start])
    viewed_likes = np.bincount(rows.pair_user[rows.pair_liked], minlength=n)
    return {
        "user_auc": user_auc(rows.user, scored.views, rows.liked, n),
        HITRATE_VIEWED: hitrate(viewed_hits, viewed_likes, 5),
        HITRATE_ALL: hitrate(hits, relevant, 5),
        "ndcg@10_viewed": ndcg(viewed_hits, viewed_likes, 10),
        "ndcg@10_all": ndcg(hits, relevant, 10),
        "map@10_viewed": average_precision(viewed_hits, viewed_likes, 10),
        "map@10_all": average_precision(hits, relevant, 10),
        f"novelty@{LIST_LENGTH}": novelty(scored.lists, information),
    }


def _viewed_hits(rows: JudgedRows, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the post at each of the first ranks among a user's viewed posts was liked, (n, LIST_LENGTH)."""
    order = np.lexsort((rows.pair_post, -scores, rows.pair_user))  # ties by post id
    counts = np.bincount(rows.pair_user, minlength=len(rows.user_ids))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    listed = rank < LIST_LENGTH
    hits = np.zeros((len(rows.user_ids), LIST_LENGTH), bool)
    hits[rows.pair_user[order][listed], rank[listed]] = rows.pair_liked[order][listed]
    return hits


def _tabulate(
    by_user: dict[str, dict[str, NDArray[np.float64]]], whole: dict[str, dict[str, Measured]], seed: int
) -> pl.DataFrame:
    names = [(arm, metric) for arm, metrics in by_user.items() for metric in metrics]
    values = np.column_stack([by_user[arm][metric] for arm, metric in names])  # (n, M)
    low, high = bootstrap_means(values, seed)
    table = []
    for (arm, metric), column, lower, upper in zip(names, values.T, low, high, strict=True):
        undefined = {"user_auc": NO_PAIR, f"novelty@{LIST_LENGTH}": NO_LIST}.get(metric, NO_LIKE)
        measured = mean_over_users(column, undefined)
        table.append((arm, metric, measured.value, float(lower), float(upper), measured.reason))
    for arm, metrics in whole.items():
        table += [(arm, metric, one.value, np.nan, np.nan, one.reason) for metric, one in metrics.items()]
    order = {arm: place for place, arm in enumerate(by_user)}
    return pl.DataFrame(sorted(table, key=lambda row: order[row[0]]), schema=EVALUATION_SCHEMA, orient="row")
