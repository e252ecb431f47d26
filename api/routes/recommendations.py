"""Recommendations. The hot path: plain arrays and lists in memory, no SQL, no thread switch.

Explaining them takes ten times as long, so that is done in a thread, and the answers of others go on.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from time import perf_counter
from typing import Final, cast
from uuid import uuid4

import msgspec
from litestar import Response, get
from litestar.concurrency import sync_to_thread
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from api import metrics
from api.engine import Engine, Serving
from api.parameters import Explain, Limit, TimeQuery, UserQuery, moment
from api.problems import documented
from api.schemas import Arm, Explanation, Post, Reason, Recommendations, RecommendedPost, SimilarLiked
from experiments.assignment import assign
from experiments.exposures import Exposure
from ranking import explain as why

TAGS = ["recommendations"]
REQUEST_ID: Final = "X-Request-Id"


# ranks on the event loop on purpose: scoring takes less than handing it to a thread and back
@get(
    "/post/recommendations",
    tags=TAGS,
    summary="What should this user see next?",
    responses=documented(HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE),
    response_headers=[
        ResponseHeader(name=REQUEST_ID, description="Under which the answer is recorded.", documentation_only=True)
    ],
)
async def recommend(
    engine: NamedDependency[SkipValidation[Engine]],  # the only one: two are resolved in a task group, at 0.1 ms
    user_id: UserQuery,
    time: TimeQuery = None,
    limit: Limit = 5,
    explain: Explain = False,
) -> Response[Recommendations]:
    """The best posts for a user at a moment, chosen by the ranker of the user's arm. Posts that the user has liked
    never come back; a user we do not know gets what suits a newcomer.
    """
    started, serving = perf_counter(), engine.serving
    arm, when = assign(engine.experiment, user_id), moment(time)
    recommender, audience = serving.live.now(arm, user_id)
    chosen = recommender.recommend(arm, user_id, when, limit, audience=audience)
    posts = serving.posts_of(chosen)
    if explain:
        reasons = await sync_to_thread(why.explain, recommender, arm, user_id, when, chosen, audience)
        posts = _explained(posts, reasons)
    metrics.recommended(arm, perf_counter() - started, chosen.sources)
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
                as_of=None if time is None else when,
                post_ids=chosen.post_ids.tolist(),
                sources=chosen.sources,
                propensities=chosen.propensities.tolist(),
            )
        )
    answer = Recommendations(exp_group=cast("Arm", arm), recommendations=posts)
    return Response(answer, headers={REQUEST_ID: request_id})


@get(
    "/post/recommendations/popular",
    sync_to_thread=False,
    tags=TAGS,
    summary="What does everybody like?",
    responses=documented(HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE),
)
def popular(serving: NamedDependency[SkipValidation[Serving]], limit: Limit = 10) -> list[Post]:
    """The posts with the most likes, the same for every user."""
    return [*serving.posts_of(serving.recommender.popular(limit))]


def _explained(posts: Sequence[RecommendedPost], explanations: Sequence[why.Explanation]) -> list[RecommendedPost]:
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
