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

from datetime import date, datetime, time
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import ARMS, EVENT_TIME, USER_ID
from core.logging import get_logger
from core.settings import RankingSettings
from features.ids import rows_of_ids
from ranking.baselines import BASELINES, Known, popular_scores
from ranking.calibration import calibration_table
from ranking.comparison import Comparison
from ranking.evaluation import EVALUATION_SCHEMA, REPLAY_SCHEMA, SCHEMAS, Evaluation
from ranking.exposure import exposure_table, posts_to_choose_from, verdicts
from ranking.intervals import bootstrap_means
from ranking.judged_rows import JudgedRows
from ranking.metrics import Measured, auc, coverage, mean_over_users, self_information
from ranking.replay import replay, replay_table
from ranking.scored import Contestant, Judged, score_users
from ranking.segments import EVENTS_BEFORE, YOUNG, segment_table, user_segments, young_segment
from ranking.user_metrics import HITRATE_ALL, LIST_LENGTH, metrics_by_user

log = get_logger(__name__)

STANDING: Final = {arm: f"standing_{arm}" for arm in ARMS}  # the pair of the standing snapshot, by arm
REPLAYED = (5, 10)  # lengths of lists

NO_LIKE = "no user liked a post in the test period that the lists can be judged by"
NO_PAIR = "no user has both liked and unliked views in the test period"
NO_LIST = "no user has an eligible post left to recommend"


def evaluate(
    recommender: Judged,
    test_events: pl.DataFrame,
    post_day: pl.DataFrame,
    cut: date,
    settings: RankingSettings,
    standing: Judged | None = None,
    users_in_all: int | None = None,
) -> Comparison:
    """Judge both arms, those of the `standing` pair where there is one, and the baselines.

    `test_events` is (user_id, post_id, event_time, liked, young, events_before), a row a view of the test period; the
    last two are from `ranking.segments.with_history`. `post_day` is (post_id, day, views, likes); likes from the cut on
    are not looked at, views tell whether the feed shows posts at random. At most `settings.max_evaluation_users` users
    are judged. `standing` knows the same users and posts as of the same cut. The state need only know who is judged;
    `users_in_all` is then how many users the network has.
    """
    state = recommender.state
    rows = JudgedRows.collect(test_events, state.post_ids, settings.max_evaluation_users, settings.seed)
    users = rows_of_ids(state.user_ids, rows.user_ids)
    contestants = _rankers(recommender, users, cut)
    if standing:
        contestants |= {STANDING[arm]: one for arm, one in _rankers(standing, users, cut).items()}
    known = Known(recommender, rows.user_ids, users, post_day, cut, settings)
    contestants |= {name: Contestant(scorer(known)) for name, scorer in BASELINES.items()}
    log.info("judging %s on %d users and %d views", ", ".join(contestants), len(users), len(rows.user))
    scored, relevant = score_users(recommender, rows, users, contestants, settings.seed)
    information = self_information(popular_scores(post_day, state.post_ids, cut), users_in_all or len(state.user_ids))
    by_user = {name: metrics_by_user(rows, one.views, one.lists, relevant, information) for name, one in scored.items()}
    whole = {
        name: {
            "auc": auc(one.views, rows.liked),
            f"coverage@{LIST_LENGTH}": coverage(one.lists, int(np.count_nonzero(state.eligible))),
            "users": Measured(float(len(users))),
            "rows": Measured(float(len(rows.user))),
        }
        for name, one in scored.items()
    }
    alternatives = posts_to_choose_from(post_day, test_events[EVENT_TIME].to_numpy()[rows.source])
    above_drawn = {name: one.above_drawn for name, one in scored.items()}
    exposure = exposure_table(post_day, cut, above_drawn, rows.user, len(users), settings.seed)
    replayed = {(name, k): replay(rows, one.lists, k, alternatives) for name, one in scored.items() for k in REPLAYED}
    top_five = {name: replayed[name, 5] for name in scored}
    judged_users = test_events.unique(USER_ID).sort(USER_ID).filter(pl.col(USER_ID).is_in(rows.user_ids))
    views = {name: one.views for name, one in scored.items()}
    views_and_lists = {name: (one.views, one.lists) for name, one in scored.items()}
    young = test_events[YOUNG].to_numpy()[rows.source]
    segments = [
        *user_segments(judged_users[EVENTS_BEFORE].to_numpy(), rows, views, by_user, top_five),
        young_segment(rows, young, views_and_lists, information, alternatives),
    ]
    probabilities = {arm: views[arm] for arm in ARMS}
    evaluation = Evaluation(
        table=_tabulate(by_user, whole, settings.seed),
        segments=segment_table(segments, settings.seed),
        calibration=calibration_table(probabilities, rows.liked, rows.user, len(users), settings.seed),
        replay=replay_table(replayed, verdicts(exposure), settings.seed),
        exposure=exposure,
    )
    return Comparison(evaluation, by_user)


def undefined_evaluation(reason: str) -> Evaluation:
    """The evaluation where there is nothing to judge on: one row an arm, no value, and why."""
    arms = [*ARMS, *BASELINES]
    rows = [(arm, HITRATE_ALL, np.nan, np.nan, np.nan, reason) for arm in arms]
    empty = {field: schema.to_frame() for field, schema in SCHEMAS.items()}
    nothing = [(arm, k, np.nan, np.nan, np.nan, reason, 0, False, reason) for arm in arms for k in REPLAYED]
    table = pl.DataFrame(rows, schema=EVALUATION_SCHEMA, orient="row")
    replayed = pl.DataFrame(nothing, schema=REPLAY_SCHEMA, orient="row")
    return Evaluation(**{**empty, "table": table, "replay": replayed})


def _rankers(judged: Judged, users: NDArray[np.int64], cut: date) -> dict[str, Contestant]:
    """Both arms of a pair at noon of the cut's day, by arm."""
    noon = datetime.combine(cut, time(12))

    def ranker(arm: str) -> Contestant:
        return Contestant(
            score=lambda part: judged.score(arm, users[part], noon),
            choose=partial(judged.choose, arm),
            considered=lambda part: judged.considered(arm, users[part]),
        )

    return {arm: ranker(arm) for arm in ARMS}


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
