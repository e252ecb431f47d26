"""Users and their feeds."""

from http import HTTPStatus

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from api import queries
from api.access.scopes import RECOMMEND
from api.engine import Serving
from api.parameters import Limit, UserPath
from api.problems import documented
from api.schemas import FeedItem, User

TAGS = ["users"]
PROBLEMS = documented(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)


# the path takes any text and the parameter's type decides, so that /user/abc is told what an id looks like
@get(
    "/user/{id:str}",
    sync_to_thread=True,
    tags=TAGS,
    summary="Who is this user?",
    responses=PROBLEMS,
    security=RECOMMEND,
)
def user(serving: NamedDependency[SkipValidation[Serving]], user_id: UserPath) -> User:
    """A user's id and profile: every column that the network's user table has."""
    return queries.find_user(serving, user_id)


@get(
    "/user/{id:str}/feed",
    sync_to_thread=True,
    tags=TAGS,
    summary="What did this user do?",
    responses=PROBLEMS,
    security=RECOMMEND,
)
def feed(serving: NamedDependency[SkipValidation[Serving]], user_id: UserPath, limit: Limit = 10) -> list[FeedItem]:
    """The user's newest views and likes, newest first."""
    return queries.user_feed(serving, user_id, limit)
