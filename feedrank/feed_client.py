"""The API as its users' programs would use it: lists for many users, and what became of them.

Several processes of the API may share the users, each user always the same one. What a process is told of a user it
takes up at once, so answers are those of one process that does it all.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any, Final, Self

import msgspec
import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from core.columns import ACTION, EVENT_TIME, POST_ID, USER_ID
from core.errors import ServiceError
from feedrank.http import connection_to

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


class Feed:
    """All processes of the API, by their addresses. Use it as a context."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._clients = [FeedClient(url) for url in urls]
        self._threads = ThreadPoolExecutor(len(urls), thread_name_prefix="feed")

    def exchange(self, events: pl.DataFrame, users: NDArray[np.int64], posts: int) -> list[ShownList]:
        """Write what users did, then ask what each of `users` is shown, `posts` at most, in the order asked for.

        Raises:
            ServiceError: a process does not answer, or answers an error.
        """
        parts = len(self._clients)
        asked = [users[users % parts == part].tolist() for part in range(parts)]
        written = [events.filter(pl.col(USER_ID) % parts == part) for part in range(parts)]
        found = self._threads.map(FeedClient.exchange, self._clients, written, asked, [posts] * parts)
        by_user = {one.id: one for part in found for one in part}
        return [by_user[user] for user in users.tolist()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()
        for client in self._clients:
            client.close()


class FeedClient:
    """One connection to a process of the API, kept open."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = connection_to(url, LIMIT)

    def exchange(self, events: pl.DataFrame, users: Sequence[int], posts: int) -> list[ShownList]:
        """Write what users did, then ask what each is shown."""
        self.write(events)
        return self.lists(users, posts)

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

    def close(self) -> None:
        self._connection.close()
