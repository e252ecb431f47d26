"""The page Feed: what a user would be shown and why, and buttons that like and skip."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, cast
from uuid import uuid4

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import ValidationException
from litestar.params import Body, FromQuery, PathParameter, SkipValidation
from litestar.response import Redirect
from msgspec import Meta, Struct

from api.access.scopes import WRITE
from api.actions import ActionWriter
from api.engine import Engine, Serving
from api.pages import feed_lists, feed_reader
from api.pages.feed_lists import Show
from api.pages.shell import HEADERS, AskedUser, Shell, Shelled
from api.parameters import PostPath, moment
from api.past import Past
from api.schemas import Action, AnyId, Arm, FeedAction
from core import clock

POPULAR: Final = 6
Ids = Annotated[str, Meta(pattern=r"^(-?\d{1,19}( -?\d{1,19})*)?$", max_length=20_000)]
Segment = Annotated[int, PathParameter(name="segment", ge=0, le=len(feed_reader.SEGMENTS) - 1)]
Engined = NamedDependency[SkipValidation[Engine]]


class Pressed(Struct, frozen=True):
    """A button of a card, with what the lists held and hid."""

    user: AnyId
    post: AnyId
    action: Action
    key: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]  # pressed twice, it is written once
    arm: Arm
    place: Annotated[int, Meta(ge=1)]  # in that arm's list, where the reader goes on
    show: Show = "own"
    shown: Ids = ""
    skipped: Ids = ""


@get("/", sync_to_thread=True)
def feed(
    shell: Shelled, engine: Engined, user: AskedUser = None, show: FromQuery[Show] = "own", time: FromQuery[str] = ""
) -> Response[Any]:
    """What a user would be shown, now or at a moment of the past."""
    when = moment(time or None)
    serving, refused = engine.serving, None
    past = bool(time) and Past.is_before(when, serving)
    if past:
        try:
            serving = engine.past.at(when)
        except ValidationException as error:  # what was known then is not kept any more
            refused = cast("list[dict[str, str]]", error.extra)[0]["message"]
    about = {} if user is None or refused else _about(shell, engine, serving, user, when, show)
    return shell.page(
        "feed.html",
        user=user,
        show=show,
        time=time,
        when=when,
        past=past,
        refused=refused,
        segments=list(zip(feed_reader.SEGMENTS, feed_reader.sizes(engine.serving.recommender.state), strict=True)),
        popular=serving.posts_of(serving.recommender.popular(POPULAR)) if user is None else [],
        **about,
    )


@get("/surprise/{segment:int}", sync_to_thread=True)
def surprise(engine: Engined, segment: Segment) -> Response[Any]:
    """Somebody with that much of a history."""
    user_id = feed_reader.somebody(engine.serving.recommender.state, segment)
    return Redirect(f"/?user={user_id}", status_code=303, headers=HEADERS)


@get("/feed/posts/{id:str}", sync_to_thread=True)
def whole_post(shell: Shelled, engine: Engined, post_id: PostPath) -> Response[Any]:
    """A post's whole text: the rest of it for a card, or a page of its own."""
    found = engine.serving.post(post_id)
    if shell.request.htmx:
        opening = feed_lists.Text.of(found.text).opening
        return shell.page("feed_rest.html", rest=found.text[len(opening) :])
    return shell.page("feed_post.html", post=found)


@post("/feed/actions", sync_to_thread=True, status_code=HTTPStatus.OK, security=WRITE)
def act(
    shell: Shelled,
    engine: Engined,
    actions: NamedDependency[SkipValidation[ActionWriter]],
    data: Annotated[Pressed, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Write a like, or for a skip a view, as POST /feed-actions does; then show how the lists react."""
    actions.write([FeedAction(data.user, data.post, data.action)], data.key, listed=False)
    skipped = _ids(data.skipped)
    if data.action == "view":
        skipped.append(data.post)
    about = _about(
        shell, engine, engine.serving, data.user, clock.now(), data.show, skipped=skipped, before=_ids(data.shown)
    )
    return shell.page("feed_acted.html", user=data.user, show=data.show, past=False, done=data, **about)


def _about(
    shell: Shell,
    engine: Engine,
    serving: Serving,
    user_id: int,
    when: datetime,
    show: Show,
    **held: list[int],
) -> dict[str, Any]:
    plan = engine.experiment.plan
    own = engine.experiment.assign(plan, user_id)
    columns = feed_lists.columns(own, serving, user_id, when, show, shell.translate, **held)
    return {
        "own": own,
        "reader": feed_reader.reader(serving, user_id, own.arm, when),
        "columns": columns,
        "shown": [card.post.id for column in columns for card in column.cards],
        "skipped": held.get("skipped", []),
        "new_key": lambda: uuid4().hex,
    }


def _ids(told: str) -> list[int]:
    return [int(one) for one in told.split()]


HANDLERS = [feed, surprise, whole_post, act]
