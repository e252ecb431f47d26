"""Bodies of requests: JSON read strictly into a schema, or a problem with the name of the field and its value."""

import re
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, RequestBody, Schema

from api.problems import LONGEST_VALUE_SHOWN, refusal
from api.schemas import BadParameter

LONGEST_TOLD: Final = 300
T = TypeVar("T")

# how msgspec says where: "… - at `$[3].user_id`", nothing for the whole body; and which field is missing or unknown
_PLACE: Final = re.compile(r"^(?P<told>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"^Object missing required field `(?P<field>.*)`$")
_UNKNOWN: Final = re.compile(r"^Object contains unknown field `(?P<field>.*)`$", re.DOTALL)
_STEP: Final = re.compile(r"\[(\d+)\]|\.([^.\[]+)")


def read_body(body: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    """The body as the decoder's type.

    Raises:
        ProblemDetailsException: 400, about the first thing that is wrong.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise refusal(HTTPStatus.BAD_REQUEST, [_explain(str(error), body)]) from None
    except (ValueError, RecursionError) as error:  # not JSON at all, text that is not UTF-8, or nested too deep
        bad = BadParameter("body", _value_at("", body), f"the body is not JSON: {error}")
        raise refusal(HTTPStatus.BAD_REQUEST, [bad]) from None


def described(schema: dict[str, Any], description: str, example: Any) -> RequestBody:
    """A JSON body for a route's OpenAPI description; `schema` is JSON schema as msgspec writes it."""
    content = OpenAPIMediaType(schema=cast("Schema", schema), example=example)  # a dict is written out as it is
    return RequestBody(content={"application/json": content}, description=description, required=True)


def _explain(message: str, body: bytes) -> BadParameter:
    found = _PLACE.match(message)
    assert found is not None  # it matches any text
    told, path = found["told"], found["path"] or ""
    if missing := _MISSING.match(told):
        name = _name(f"{path}.{missing['field']}")
        return BadParameter(name, None, f"{name} is missing")
    if unknown := _UNKNOWN.match(told):
        name = _name(f"{path}.{unknown['field'][:LONGEST_VALUE_SHOWN]}")
        return BadParameter(name, None, f"{name} is not a field of the body")
    name, value = _name(path), _value_at(path, body)
    return BadParameter(name, value, f"{name}={value} is not accepted: {told[0].lower()}{told[1:LONGEST_TOLD]}")


def _name(path: str) -> str:
    """`user_id`, `[3].user_id`, or `body` for the whole of it."""
    return path.removeprefix(".") or "body"


def _value_at(path: str, body: bytes) -> str:
    """The JSON text at a place of the body; that of the body where it cannot be taken apart."""
    value = body
    with suppress(ValueError, LookupError, RecursionError):
        for index, field in _STEP.findall(path):
            inside: Any = msgspec.json.decode(value, type=list[msgspec.Raw] if index else dict[str, msgspec.Raw])
            value = bytes(inside[int(index) if index else field])
    return value[:LONGEST_VALUE_SHOWN].decode(errors="replace").strip()
