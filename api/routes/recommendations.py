"""Recommendations. The hot path: plain arrays and lists in memory, no SQL, no thread switch."""

from http import HTTPStatus
from typing import cast

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from api.engine import Engine, Serving
from api.parameters import Limit, TimeQuery, UserQuery, moment
from api.problems import documented
from api.schemas import Arm, Post, Recommendations
from experiments.assignment import assign

TAGS = ["recommendations"]


# a sync handler on the event loop on purpose: scoring takes less than handing it to a thread and back
@get(
    "/post/recommendations",
    sync_to_thread=False,
    tags=TAGS,
    summary="What should this user see next?",
    responses=documented(HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE),
)
def recommend(
    engine: NamedDependency[SkipValidation[Engine]],  # the only one: two are resolved in a task group, at 0.1 ms
    user_id: UserQuery,
    time: TimeQuery = None,
    limit: Limit = 5,
) -> Recommendations:
    """The best posts for a user at a moment, chosen by the ranker of the user's arm. Posts that the user has liked
    never come back; a user we do not know gets what suits a newcomer.
    """
    serving = engine.serving
    arm = assign(engine.experiment, user_id)
    chosen = serving.recommender.recommend(arm, user_id, moment(time), limit)
    return Recommendations(exp_group=cast("Arm", arm), recommendations=serving.posts_of(chosen))


@get(
    "/post/recommendations/popular",
    sync_to_thread=False,
    tags=TAGS,
    summary="What does everybody like?",
    responses=documented(HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE),
)
def popular(serving: NamedDependency[SkipValidation[Serving]], limit: Limit = 10) -> list[Post]:
    """The posts with the most likes, the same for every user."""
    return serving.posts_of(serving.recommender.popular(limit))
