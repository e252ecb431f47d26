"""The API as its users' programs would use it: lists for many users, and what became of them, over one connection."""

from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any, Final, Self
from urllib.parse import urlsplit

import msgspec
import polars as pl
from msgspec import Struct

from core.columns import ACTION, EVENT_TIME, POST_ID, USER_ID
from core.errors import ServiceError

MOST: Final = 1_000  # users, or actions, of one request
LIMIT: Final = 60.0  # seconds that one may take


class ShownPost(Struct, frozen=True):
    """A post of a list."""

    id: int


class ShownList(Struct, frozen=True):
    """What one user is shown."""

    id: int
    exp_group: str
    recommendations: list[ShownPost]
    request_id: str


_lists: Final = msgspec.json.Decoder(list[ShownList])


class FeedClient:
    """One connection to the API at `url`, kept open. Use it as a context."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=LIMIT)

    def lists(self, users: Sequence[int], posts: int) -> list[ShownList]:
        """What each user is shown now, `posts` at most, in the order asked for.

        Raises:
            ServiceError: the API does not answer, or answers an error.
        """
        found: list[ShownList] = []
        for start in range(0, len(users), MOST):
            body = msgspec.json.encode({"ids": users[start : start + MOST], "limit": posts})
            found += _lists.decode(self._post("/post/recommendations/batch", body))
        return found

    def write(self, events: pl.DataFrame) -> None:
        """Write what users did, in lists of a request each; it is durable when the call returns.

        Raises:
            ServiceError: the API does not answer, or answers an error.
        """
        moment = pl.col(EVENT_TIME).dt.strftime("%Y-%m-%dT%H:%M:%S%.6f").alias("time")
        actions = events.select(USER_ID, POST_ID, pl.col(ACTION).cast(pl.String), moment)
        for part in actions.iter_slices(MOST):
            self._post("/feed-actions", part.write_json().encode())

    def _post(self, path: str, body: bytes) -> Any:
        try:
            self._connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            raise ServiceError(f"{self._url}{path} does not answer: {error}") from error
        if response.status >= 300:
            raise ServiceError(f"{self._url}{path} answers {response.status}: {content.decode(errors='replace')}")
        return content

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
