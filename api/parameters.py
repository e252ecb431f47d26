"""The parameters that more than one route takes, each with its bounds, its meaning and examples."""

from datetime import datetime
from typing import Annotated

from litestar.exceptions import ValidationException
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from core import clock

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
MOST_EXCLUDED = 1000
# Litestar writes bounds into the schema as doubles, which cannot hold these two
INT64 = {"format": "int64", "minimum": INT64_MIN, "maximum": INT64_MAX}

UserPath = Annotated[
    int,
    PathParameter(
        name="id",
        description="Id of a user of the network.",
        ge=INT64_MIN,
        le=INT64_MAX,
        schema_extra=INT64,
        examples=[Example(summary="a user", value=200)],
    ),
]
PostPath = Annotated[
    int,
    PathParameter(
        name="id",
        description="Id of a post of the network.",
        ge=INT64_MIN,
        le=INT64_MAX,
        schema_extra=INT64,
        examples=[Example(summary="a post", value=100)],
    ),
]
UserQuery = Annotated[
    int,
    QueryParameter(
        name="id",
        description="Id of the user who is about to read the feed; one we do not know gets a cold-start answer.",
        ge=INT64_MIN,
        le=INT64_MAX,
        schema_extra=INT64,
        examples=[Example(summary="a user", value=200)],
    ),
]
TimeQuery = Annotated[
    str | None,
    QueryParameter(
        description="Moment of the request, ISO 8601; UTC unless it carries an offset; now, if left out.",
        schema_extra={"format": "date-time"},
        examples=[
            Example(summary="UTC", value="2021-12-20T00:00:00"),
            Example(summary="with an offset", value="2021-12-20T03:00:00+03:00"),
        ],
    ),
]
Limit = Annotated[
    int,
    QueryParameter(
        description="Length of the answer at most.",
        ge=1,
        le=100,
        schema_extra={"minimum": 1, "maximum": 100},
        examples=[Example(summary="ten", value=10)],
    ),
]
TopicQuery = Annotated[
    str | None,
    QueryParameter(
        description="Only posts of this topic.",
        schema_extra={"maxLength": 1000},
        examples=[Example(summary="a topic", value="business")],
    ),
]
Exclude = Annotated[
    list[int] | None,
    QueryParameter(
        description=f"Ids of posts that are not wanted, at most {MOST_EXCLUDED}; the parameter may be repeated.",
        max_items=MOST_EXCLUDED,
        examples=[Example(summary="two posts", value=[100, 101])],
    ),
]
Explain = Annotated[
    bool,
    QueryParameter(
        description="With `true`, each post says why it is there: where it came from, what speaks for and against it, "
        "and which posts the user liked that read alike.",
        examples=[Example(summary="with reasons", value=True)],
    ),
]


def moment(time: str | None) -> datetime:
    """The moment that the query parameter `time` means, in UTC without a zone, as everywhere behind the API.

    Raises:
        ValidationException: it is not an ISO 8601 date and time.
    """
    if time is None:
        return clock.now()
    try:
        return clock.in_utc(datetime.fromisoformat(time))
    except (ValueError, OverflowError):  # the latter: an offset that leads out of the years 1 to 9999
        expected = (
            "it must be an ISO 8601 date and time of the years 1 to 9999, such as 2021-12-20T00:00:00 or "
            "2021-12-20T03:00:00%2B03:00 (the + of an offset is written %2B in a query)"
        )
        raise ValidationException(extra=[{"key": "time", "message": expected}]) from None
