"""What users do with posts, on its way into the network's own table."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example, Operation
from litestar.params import HeaderParameter, RawBody, SkipValidation

from api import bodies
from api.access.scopes import WRITE
from api.actions import KEY, LONGEST_KEY, ActionWriter
from api.problems import LONGEST_VALUE_SHOWN, documented, refusal
from api.schemas import BadParameter, FeedAction, WrittenActions

MOST = 1000
Actions = FeedAction | Annotated[list[FeedAction], msgspec.Meta(min_length=1, max_length=MOST)]
_decoder: Final[msgspec.json.Decoder[FeedAction | list[FeedAction]]] = msgspec.json.Decoder(Actions)
_action: Final = msgspec.json.schema_components([FeedAction])[1]["FeedAction"]
_example: Final = {"user_id": 200, "post_id": 100, "action": "like", "time": "2021-12-20T00:00:00Z"}

_KEY: Final = re.compile(rf"[ -~]{{1,{LONGEST_KEY}}}")

MEANINGS = {
    HTTPStatus.BAD_REQUEST: "The body or the key is not of the form described; `errors` names the field.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is over 10 MB.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A user or post does not exist, a time lies ahead, or the key was used for "
    "another request; `errors` names each item and field. Nothing was written.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The network's database does not answer; repeat with the same key.",
}

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name=KEY,
        description="Of your choice, one a request: sent again under the same key, the request gets the answer that it "
        "got, and is written once.",
        schema_extra={"minLength": 1, "maxLength": LONGEST_KEY},
        examples=[Example(summary="a random UUID", value="0b0ff2cc-7d1f-4f3c-b2f4-5f2a0bb7f3f1")],
    ),
]


@dataclass
class _TakesActions(Operation):
    """Describes the body, which the handler reads itself: strictly, and with a name for everything it refuses."""

    def __post_init__(self) -> None:
        several = {"type": "array", "items": _action, "minItems": 1, "maxItems": MOST}
        self.request_body = bodies.described(
            {"anyOf": [_action, several]}, f"One action, or a list of 1 to {MOST}.", _example
        )


@post(
    "/feed-actions",
    sync_to_thread=True,  # it waits for the database
    tags=["feed actions"],
    summary="Write what users did",
    responses=documented(*MEANINGS, meanings=MEANINGS),
    security=WRITE,
    operation_class=_TakesActions,
)
def write(
    actions: NamedDependency[SkipValidation[ActionWriter]], body: RawBody, idempotency_key: IdempotencyKey = None
) -> WrittenActions:
    """Views and likes go into the network's own event table, all of a request or none, and are durable when the answer
    comes.
    """
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        detail = f"{KEY} is not accepted; it must be 1 to {LONGEST_KEY} printable characters of ASCII"
        raise refusal(HTTPStatus.BAD_REQUEST, [BadParameter(KEY, idempotency_key[:LONGEST_VALUE_SHOWN], detail)])
    sent: Any = bodies.read_body(body, _decoder)
    listed = isinstance(sent, list)
    return actions.write(sent if listed else [sent], idempotency_key, listed=listed)
