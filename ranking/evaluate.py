"""Both rankers and the baselines, judged on the same users, posts and views after the cut.

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

from core.columns import ARMS, EVENT_TIME, USER_ID
from core.logging import get_logger
from core.settings import RankingSettings
from ranking.baselines import decayed_popular_scores, popular_scores, random_scores
from ranking.calibration import calibration_table
from ranking.evaluation import EVALUATION_SCHEMA, REPLAY_SCHEMA, SCHEMAS, Evaluation
from ranking.exposure import exposure_table, posts_to_choose_from, verdicts
from ranking.intervals import bootstrap_means
from ranking.judged_rows import JudgedRows, rows_of_ids
from ranking.metrics import (
    Measured,
    auc,
    coverage,
    mean_over_users,
    self_information,
)
from ranking.replay import replay, replay_table
from ranking.segments import EVENTS_BEFORE, YOUNG, segment_table, user_segments, young_segment
from ranking.top_k import top_k
from ranking.user_metrics import HITRATE_ALL, LIST_LENGTH, metrics_by_user

log = get_logger(__name__)

RANDOM: Final = "random"
POPULAR: Final = "popular"
DECAYED_POPULAR: Final = "decayed_popular"
BASELINES: Final = (RANDOM, POPULAR, DECAYED_POPULAR)

REPLAYED = (5, 10)  # lengths of lists
# of scores and of what ranking them takes, for the users judged at once
CHUNK_BYTES = 64 * 2**20
BYTES_A_SCORE = 24

NO_LIKE = "no user liked a post in the test period that the lists can be judged by"
NO_PAIR = "no user has both liked and unliked views in the test period"
NO_LIST = "no user has an eligible post left to recommend"

Scorer = Callable[[slice], NDArray[np.floating]]  # users of the judged rows -> scores (m, P)


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


def evaluate(
    recommender: Judged, test_events: pl.DataFrame, post_day: pl.DataFrame, cut: date, settings: RankingSettings
) -> Evaluation:
    """Judge both arms and the baselines.

    `test_events` is (user_id, post_id, event_time, liked, young, events_before), a row a view of the test period; the
    last two are from `ranking.segments.with_history`. `post_day` is (post_id, day, views, likes); likes from the cut on
    are not looked at, views tell whether the feed shows posts at random. At most `settings.max_evaluation_users` users
    are judged.
    """
    state = recommender.state
    rows = JudgedRows.collect(test_events, state.post_ids, settings.max_evaluation_users, settings.seed)
    users = rows_of_ids(state.user_ids, rows.user_ids)
    likes = popular_scores(post_day, state.post_ids, cut)
    decayed = decayed_popular_scores(post_day, state.post_ids, cut, settings.popularity_half_life)
    noon = datetime.combine(cut, time(12))

    def ranker(arm: str) -> Scorer:
        return lambda part: recommender.score(arm, users[part], noon)

    def same_for_all(scores: NDArray[np.float64]) -> Scorer:
        return lambda part: np.broadcast_to(scores, (len(users[part]), len(scores)))

    scorers: dict[str, Scorer] = {
        **{arm: ranker(arm) for arm in ARMS},
        RANDOM: lambda part: random_scores(rows.user_ids[part], state.post_ids, settings.seed),
        POPULAR: same_for_all(likes),
        DECAYED_POPULAR: same_for_all(decayed),
    }
    log.info("judging %s on %d users and %d views", ", ".join(scorers), len(users), len(rows.user))
    scored, relevant = _score(recommender, rows, users, scorers, settings.seed)
    information = self_information(likes, len(state.user_ids))
    by_user = {arm: metrics_by_user(rows, one.views, one.lists, relevant, information) for arm, one in scored.items()}
    whole = {
        arm: {
            "auc": auc(one.views, rows.liked),
            f"coverage@{LIST_LENGTH}": coverage(one.lists, int(np.count_nonzero(state.eligible))),
            "users": Measured(float(len(users))),
            "rows": Measured(float(len(rows.user))),
        }
        for arm, one in scored.items()
    }
    alternatives = posts_to_choose_from(post_day, test_events[EVENT_TIME].to_numpy()[rows.source])
    exposure = exposure_table(
        post_day, cut, {arm: one.above_drawn for arm, one in scored.items()}, rows.user, len(users), settings.seed
    )
    replayed = {(arm, k): replay(rows, one.lists, k, alternatives) for arm, one in scored.items() for k in REPLAYED}
    top_five = {arm: replayed[arm, 5] for arm in scored}
    judged_users = test_events.unique(USER_ID).sort(USER_ID).filter(pl.col(USER_ID).is_in(rows.user_ids))
    views_and_lists = {arm: (one.views, one.lists) for arm, one in scored.items()}
    young = test_events[YOUNG].to_numpy()[rows.source]
    segments = [
        *user_segments(judged_users[EVENTS_BEFORE].to_numpy(), rows.user, by_user, top_five),
        young_segment(rows, young, views_and_lists, information, alternatives),
    ]
    return Evaluation(
        table=_tabulate(by_user, whole, settings.seed),
        segments=segment_table(segments, settings.seed),
        calibration=calibration_table(
            {arm: scored[arm].views for arm in ARMS}, rows.liked, rows.user, len(users), settings.seed
        ),
        replay=replay_table(replayed, verdicts(exposure), settings.seed),
        exposure=exposure,
    )


def undefined_evaluation(reason: str) -> Evaluation:
    """The evaluation where there is nothing to judge on: one row an arm, no value, and why."""
    arms = [*ARMS, *BASELINES]
    rows = [(arm, HITRATE_ALL, np.nan, np.nan, np.nan, reason) for arm in arms]
    empty = {field: schema.to_frame() for field, schema in SCHEMAS.items()}
    nothing = [(arm, k, np.nan, np.nan, np.nan, reason, 0, False, reason) for arm in arms for k in REPLAYED]
    table = pl.DataFrame(rows, schema=EVALUATION_SCHEMA, orient="row")
    replayed = pl.DataFrame(nothing, schema=REPLAY_SCHEMA, orient="row")
    return Evaluation(**{**empty, "table": table, "replay": replayed})


@dataclass(frozen=True, slots=True)
class _Scored:
    """What one arm makes of the judged users."""

    views: NDArray[np.float64]  # (E,) scores of the judged views
    lists: NDArray[np.int64]  # (n, LIST_LENGTH) over all eligible posts, -1 empty
    # (E,) 1 where a view's post scores above an eligible one drawn at random, 1/2 for a tie; NaN: not both candidates
    above_drawn: NDArray[np.float64]


def _score(
    recommender: Judged, rows: JudgedRows, users: NDArray[np.int64], scorers: dict[str, Scorer], seed: int
) -> tuple[dict[str, _Scored], NDArray[np.int64]]:
    """Scores and lists of each arm, and the number of posts each user could have been recommended and liked, (n,).

    Users go chunk by chunk: all their scores at once would be U·P numbers.
    """
    state, n = recommender.state, len(users)
    scored = {
        arm: _Scored(np.empty(len(rows.user)), np.empty((n, LIST_LENGTH), np.int64), np.full(len(rows.user), np.nan))
        for arm in scorers
    }
    eligible = np.append(np.flatnonzero(state.eligible), 0)  # never empty; the last is not drawn unless it is alone
    drawn = eligible[np.random.default_rng(seed).integers(max(1, len(eligible) - 1), size=len(rows.user))]  # (E,)
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
        viewer = rows.user[views] - start
        candidates_both = ~(excluded[viewer, rows.post[views]] | excluded[viewer, drawn[views]])
        for arm, scorer in scorers.items():
            scores = scorer(part)
            scored[arm].views[views] = of_view = scores[viewer, rows.post[views]]
            of_drawn = scores[viewer, drawn[views]]
            above = (of_view > of_drawn) + 0.5 * (of_view == of_drawn)
            scored[arm].above_drawn[views] = np.where(candidates_both, above, np.nan)
            candidates = np.where(excluded, -np.inf, scores)
            choose = partial(recommender.choose, arm) if arm in ARMS else top_k
            scored[arm].lists[part] = choose(candidates, LIST_LENGTH)
    return scored, relevant


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
