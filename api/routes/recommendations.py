"""Recommendations. The hot path: plain arrays and lists in memory, no SQL, no thread switch.

Explaining them takes ten times as long, so that is done in a thread, and the answers of others go on.
"""

from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import get, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi.spec import Operation
from litestar.params import RawBody, SkipValidation

from api import bodies
from api.access.scopes import RECOMMEND
from api.answers import answer, answers, explained, wanted
from api.engine import Engine, Serving
from api.parameters import Exclude, Explain, Limit, TimeQuery, TopicQuery, UserQuery, moment
from api.past import Past
from api.problems import documented
from api.replies import JsonReply
from api.schemas import BatchAnswer, BatchRequest, Post, Recommendations

TAGS = ["recommendations"]
REQUEST_ID: Final = "X-Request-Id"
SNAPSHOT_ID: Final = "X-Snapshot-Id"
_REQUEST_ID, _SNAPSHOT_ID = REQUEST_ID.lower().encode(), SNAPSHOT_ID.lower().encode()


# ranks on the event loop on purpose: scoring takes less than handing it to a thread and back
@get(
    "/post/recommendations",
    tags=TAGS,
    summary="What should this user see next?",
    responses=documented(HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE),
    security=RECOMMEND,
    response_headers=[
        ResponseHeader(name=REQUEST_ID, description="Under which the answer is recorded.", documentation_only=True),
        ResponseHeader(name=SNAPSHOT_ID, description="From which the answer comes.", documentation_only=True),
    ],
)
async def recommend(
    engine: NamedDependency[SkipValidation[Engine]],  # the only one: two are resolved in a task group, at 0.1 ms
    user_id: UserQuery,
    time: TimeQuery = None,
    limit: Limit = 5,
    topic: TopicQuery = None,
    exclude: Exclude = None,
    explain: Explain = False,
) -> JsonReply[Recommendations]:
    """The best posts for a user at a moment, chosen by the ranker of the user's arm. Posts that the user has liked
    never come back; a user we do not know gets what suits a newcomer. A moment that lies before what is known now is
    answered from the newest snapshot that knew nothing later, as long as one is kept.
    """
    when = moment(time)
    serving = engine.serving
    if past := time is not None and Past.is_before(when, serving):
        serving = await sync_to_thread(engine.past.at, when)
    given = answer(engine, serving, user_id, when, limit, wanted(serving, topic, exclude), past=past)
    posts = serving.posts_of(given.chosen)
    if explain:
        posts = await sync_to_thread(explained, given, user_id, when, posts)
    headers = {_REQUEST_ID: given.request_id.encode(), _SNAPSHOT_ID: serving.snapshot.id.encode()}
    return JsonReply(Recommendations(exp_group=given.arm, recommendations=posts), headers)


_decoder: Final = msgspec.json.Decoder(BatchRequest)


class _TakesABatch(Operation):
    """Describes the body, which the handler reads itself: strictly, and with a name for everything it refuses."""

    def __post_init__(self) -> None:
        schema = msgspec.json.schema_components([BatchRequest])[1]["BatchRequest"]
        self.request_body = bodies.described(schema, "For whom, when, and what to keep to.", {"ids": [200, 201]})


@post(
    "/post/recommendations/batch",
    sync_to_thread=True,  # many users take long enough to be worth it
    status_code=HTTPStatus.OK,
    tags=TAGS,
    summary="What should these users see next?",
    responses=documented(HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE),
    security=RECOMMEND,
    operation_class=_TakesABatch,
)
def batch(engine: NamedDependency[SkipValidation[Engine]], body: RawBody) -> list[BatchAnswer]:
    """The same for up to 1,000 users, in the order asked for; each answer is recorded."""
    asked: Any = bodies.read_body(body, _decoder)
    when = moment(asked.time)
    serving = engine.serving
    if past := asked.time is not None and Past.is_before(when, serving):
        serving = engine.past.at(when)
    keep_to = wanted(serving, asked.topic, asked.exclude)
    given = answers(engine, serving, asked.ids, when, asked.limit, keep_to, past=past)
    return [
        BatchAnswer(user_id, one.arm, serving.posts_of(one.chosen), one.request_id)
        for user_id, one in zip(asked.ids, given, strict=True)
    ]


@get(
    "/post/recommendations/popular",
    sync_to_thread=False,
    tags=TAGS,
    summary="What does everybody like?",
    responses=documented(HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE),
    security=RECOMMEND,
)
def popular(serving: NamedDependency[SkipValidation[Serving]], limit: Limit = 10) -> list[Post]:
    """The posts with the most likes, the same for every user."""
    return [*serving.posts_of(serving.recommender.popular(limit))]
