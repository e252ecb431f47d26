"""From what a request wants to an answer, and what is recorded of it. Plain functions; the routes call them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import cast
from uuid import uuid4

import msgspec
import numpy as np
from litestar.exceptions import ValidationException

from api import metrics
from api.engine import Engine, Serving
from api.parameters import INT64_MAX, INT64_MIN
from api.schemas import Arm, Explanation, Reason, RecommendedPost, SimilarLiked
from core import clock
from core.columns import ARMS, COMPARED, INTERLEAVED
from experiments.assignment import Assignment
from experiments.exposures import Exposure
from experiments.plan import Plan
from features.audience import Audience
from ranking import explain as why
from ranking.candidates import SOURCE_NAMES
from ranking.interleaving import Draft, coins, merge, team_draft
from ranking.lists import EVERYTHING, Lists, Recommendations, Wanted
from ranking.recommender import Recommender


@dataclass(frozen=True)
class Choice:
    """What one arm would show a user, and who chose it for what was known of the user."""

    arm: str
    chosen: Recommendations
    recommender: Recommender
    audience: Audience | None


@dataclass(frozen=True)
class Answer:
    """Posts for one user, and under which id they are recorded."""

    request_id: str
    arm: Arm  # the user's own
    chosen: Recommendations
    choices: Sequence[Choice]  # that of the arm, or of both where the list is interleaved
    draft: Draft | None  # how it is interleaved


def wanted(serving: Serving, topic: str | None, exclude: Sequence[int] | None) -> Wanted:
    """What the ranker should keep to.

    Raises:
        ValidationException: the topic is none of the network's (lists them), or an id is too large.
    """
    if topic is None and not exclude:
        return EVERYTHING
    state = serving.live.recommender.state
    place = None
    if topic is not None:
        if topic not in state.topics:
            known = ", ".join(map(repr, state.topics))
            raise ValidationException(extra=[{"key": "topic", "message": f"it must be one of {known}"}])
        place = state.topics.index(topic)
    unwanted = exclude or []
    if unwanted and not INT64_MIN <= min(unwanted) <= max(unwanted) <= INT64_MAX:
        message = f"each must be a whole number from {INT64_MIN} to {INT64_MAX}"
        raise ValidationException(extra=[{"key": "exclude", "message": message}])
    rows = state.rows_of(np.array(unwanted, np.int64))
    return Wanted(place, np.unique(rows[rows >= 0]))


def answer(
    engine: Engine, serving: Serving, user_id: int, when: datetime, limit: int, keep_to: Wanted, *, past: bool
) -> Answer:
    """Recommend to one user and record it. Everything lies in memory: it is done on the event loop."""
    started = perf_counter()
    plan = engine.experiment.plan
    assigned = engine.experiment.assign(plan, user_id)
    choices = []
    for arm in _arms(plan, assigned):
        recommender, audience = serving.live.now(arm, user_id)
        chosen = recommender.recommend(arm, user_id, when, limit, keep_to, audience, metrics.stage)
        choices.append(Choice(arm, chosen, recommender, audience))
    given = _answer(assigned, choices, limit)
    latency = perf_counter() - started
    metrics.recommended(_shown_arm(given), latency, given.chosen.sources)
    _record(engine, serving, plan, user_id, assigned, given, when if past else None, latency)
    return given


def answers(
    engine: Engine,
    serving: Serving,
    user_ids: Sequence[int],
    when: datetime,
    limit: int,
    keep_to: Wanted,
    *,
    past: bool,
) -> list[Answer]:
    """Recommend to many users, those of an arm at once, and record it; in the order asked for."""
    started = perf_counter()
    plan = engine.experiment.plan
    assigned = {user_id: engine.experiment.assign(plan, user_id) for user_id in dict.fromkeys(user_ids)}
    choices: dict[int, list[Choice]] = {user_id: [] for user_id in assigned}
    together: dict[str, list[int]] = {arm: [] for arm in ARMS}
    for user_id, one in assigned.items():
        for arm in _arms(plan, one):
            recommender, audience = serving.live.now(arm, user_id)
            if audience is None:
                together[arm].append(user_id)
            else:  # known better than the snapshot knows it
                chosen = recommender.recommend(arm, user_id, when, limit, keep_to, audience)
                choices[user_id].append(Choice(arm, chosen, recommender, audience))
    recommender = serving.live.recommender
    for arm, users in together.items():
        if not users:
            continue
        lists = recommender.show_to(arm, users, when, limit, keep_to)
        for row, user_id in enumerate(users):
            chosen = _one(lists, row, recommender.state.post_ids)
            choices[user_id].append(Choice(arm, chosen, recommender, None))
    given = {user_id: _answer(one, choices[user_id], limit) for user_id, one in assigned.items()}
    each = (perf_counter() - started) / len(assigned)
    for user_id, one in assigned.items():
        _record(engine, serving, plan, user_id, one, given[user_id], when if past else None, each)
    return [given[user_id] for user_id in user_ids]


def explained(given: Answer, user_id: int, when: datetime, posts: Sequence[RecommendedPost]) -> list[RecommendedPost]:
    """The posts of an answer with the reasons for each. Takes some 5 ms a post, so do it in a thread."""
    told = [why.explain(one.recommender, one.arm, user_id, when, one.chosen, one.audience) for one in given.choices]
    explanations = told[0] if given.draft is None else [told[team][place] for team, place in given.draft.picks]
    return [
        msgspec.structs.replace(
            post,
            explanation=Explanation(
                source=found.source,
                propensity=found.propensity,
                score=found.score,
                reasons=[Reason(one.reason, one.contribution) for one in found.reasons[: why.STRONGEST]],
                similar_liked=[SimilarLiked(one.id, one.similarity) for one in found.similar_liked],
            ),
        )
        for post, found in zip(posts, explanations, strict=True)
    ]


def _arms(plan: Plan, assigned: Assignment) -> Sequence[str]:
    """Whose lists the user's answer is made of."""
    return COMPARED if assigned.counted and plan.design == "interleaved" else (assigned.arm,)


def _answer(assigned: Assignment, choices: Sequence[Choice], limit: int) -> Answer:
    request_id, arm = str(uuid4()), cast("Arm", assigned.arm)
    if len(choices) == 1:
        return Answer(request_id, arm, choices[0].chosen, choices, None)
    lists = [one.chosen for one in choices]
    first, second = (one.post_ids.tolist() for one in lists)
    draft = team_draft(first, second, limit, coins(request_id))
    return Answer(request_id, arm, merge(lists, draft.picks), choices, draft)


def _shown_arm(given: Answer) -> str:
    return given.arm if given.draft is None else INTERLEAVED


def _one(lists: Lists, row: int, post_ids: np.ndarray) -> Recommendations:
    shown = lists.posts[row] >= 0
    sources = [SOURCE_NAMES[number] for number in lists.sources[row, shown].tolist()]
    return Recommendations(
        post_ids[lists.posts[row, shown]], lists.scores[row, shown], sources, lists.propensities[row, shown]
    )


def _record(
    engine: Engine,
    serving: Serving,
    plan: Plan,
    user_id: int,
    assigned: Assignment,
    given: Answer,
    as_of: datetime | None,
    latency: float,
) -> None:
    if engine.exposures is None:
        return
    engine.exposures.record(
        Exposure(
            request_id=given.request_id,
            experiment=plan.name if assigned.counted else None,
            salt=plan.salt if assigned.counted else None,
            user_id=user_id,
            arm=_shown_arm(given),
            snapshot_id=serving.snapshot.id,
            shown_at=clock.now(),
            as_of=as_of,
            post_ids=given.chosen.post_ids.tolist(),
            sources=given.chosen.sources,
            propensities=given.chosen.propensities.tolist(),
            latency=latency,
            teams=[] if given.draft is None else given.draft.teams([one.arm for one in given.choices]),
        )
    )
