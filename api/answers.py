"""From what a request wants to an answer, and what is recorded of it. Plain functions; the routes call them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
from core.columns import ARMS
from experiments.assignment import assign
from experiments.exposures import Exposure
from features.audience import Audience
from ranking import explain as why
from ranking.candidates import SOURCE_NAMES
from ranking.recommender import EVERYTHING, Lists, Recommendations, Recommender, Wanted


@dataclass(frozen=True)
class Answer:
    """Posts for one user, under which id they are recorded, and who chose them for what was known of the user."""

    request_id: str
    arm: Arm
    chosen: Recommendations
    recommender: Recommender
    audience: Audience | None


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
    arm = cast("Arm", assign(engine.experiment, user_id))
    recommender, audience = serving.live.now(arm, user_id)
    chosen = recommender.recommend(arm, user_id, when, limit, keep_to, audience, metrics.stage)
    metrics.recommended(arm, perf_counter() - started, chosen.sources)
    request_id = _record(engine, serving, user_id, arm, chosen, when if past else None)
    return Answer(request_id, arm, chosen, recommender, audience)


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
    found: dict[int, Answer] = {}
    as_of = when if past else None
    together: dict[str, list[int]] = {arm: [] for arm in ARMS}
    for user_id in dict.fromkeys(user_ids):
        arm = assign(engine.experiment, user_id)
        recommender, audience = serving.live.now(arm, user_id)
        if audience is None:
            together[arm].append(user_id)
        else:  # known better than the snapshot knows it
            chosen = recommender.recommend(arm, user_id, when, limit, keep_to, audience)
            request_id = _record(engine, serving, user_id, arm, chosen, as_of)
            found[user_id] = Answer(request_id, cast("Arm", arm), chosen, recommender, audience)
    recommender = serving.live.recommender
    for arm, users in together.items():
        if not users:
            continue
        lists = recommender.show_to(arm, users, when, limit, keep_to)
        for row, user_id in enumerate(users):
            chosen = _one(lists, row, recommender.state.post_ids)
            request_id = _record(engine, serving, user_id, arm, chosen, as_of)
            found[user_id] = Answer(request_id, cast("Arm", arm), chosen, recommender, None)
    return [found[user_id] for user_id in user_ids]


def explained(given: Answer, user_id: int, when: datetime, posts: Sequence[RecommendedPost]) -> list[RecommendedPost]:
    """The posts of an answer with the reasons for each. Takes some 5 ms a post, so do it in a thread."""
    explanations = why.explain(given.recommender, given.arm, user_id, when, given.chosen, given.audience)
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


def _one(lists: Lists, row: int, post_ids: np.ndarray) -> Recommendations:
    shown = lists.posts[row] >= 0
    sources = [SOURCE_NAMES[number] for number in lists.sources[row, shown].tolist()]
    return Recommendations(
        post_ids[lists.posts[row, shown]], lists.scores[row, shown], sources, lists.propensities[row, shown]
    )


def _record(
    engine: Engine, serving: Serving, user_id: int, arm: str, chosen: Recommendations, as_of: datetime | None
) -> str:
    request_id = str(uuid4())
    if engine.exposures is not None:
        engine.exposures.record(
            Exposure(
                request_id=request_id,
                experiment=engine.experiment.name,
                salt=engine.experiment.salt,
                user_id=user_id,
                arm=arm,
                snapshot_id=serving.snapshot.id,
                shown_at=datetime.now(UTC).replace(tzinfo=None),
                as_of=as_of,
                post_ids=chosen.post_ids.tolist(),
                sources=chosen.sources,
                propensities=chosen.propensities.tolist(),
            )
        )
    return request_id
