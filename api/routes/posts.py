"""Posts, their feeds and their neighbours."""

from http import HTTPStatus

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from api import queries
from api.access.scopes import RECOMMEND
from api.engine import Serving
from api.parameters import Limit, PostPath
from api.problems import documented
from api.schemas import FeedItem, Post, SimilarPost
from core.columns import TEST

TAGS = ["posts"]
PROBLEMS = documented(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)


@get(
    "/post/{id:str}",
    sync_to_thread=False,
    tags=TAGS,
    summary="What does this post say?",
    responses=PROBLEMS,
    security=RECOMMEND,
)
def post(serving: NamedDependency[SkipValidation[Serving]], post_id: PostPath) -> Post:
    """A post's text and topic."""
    return serving.post(post_id)


@get(
    "/post/{id:str}/feed",
    sync_to_thread=True,
    tags=TAGS,
    summary="Who saw this post?",
    responses=PROBLEMS,
    security=RECOMMEND,
)
def feed(serving: NamedDependency[SkipValidation[Serving]], post_id: PostPath, limit: Limit = 10) -> list[FeedItem]:
    """The newest views and likes of a post, newest first."""
    return queries.post_feed(serving, post_id, limit)


@get(
    "/post/{id:str}/similar",
    sync_to_thread=False,
    tags=TAGS,
    summary="Which posts say something alike?",
    responses=PROBLEMS,
    security=RECOMMEND,
)
def similar(
    serving: NamedDependency[SkipValidation[Serving]], post_id: PostPath, limit: Limit = 10
) -> list[SimilarPost]:
    """The posts nearest in meaning, by the transformer's vectors of their texts."""
    found = serving.live.recommender.similar(TEST, post_id, limit)
    return [
        SimilarPost(near.id, near.text, near.topic, similarity)
        for near, similarity in zip(serving.posts_of(found), found.scores.tolist(), strict=True)
    ]
