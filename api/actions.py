"""Feed actions: written into the network's own event table, answered when they are durable, once a key."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, cast

import msgspec
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError, IntegrityError

from api.problems import refusal
from api.schemas import Action, BadParameter, FeedAction, WrittenAction, WrittenActions
from core import clock
from core.columns import POST_ID, USER_ID
from core.errors import SourceError, SourceUnreachable
from core.logging import get_logger
from core.settings import Settings
from warehouse.source import SourceCatalog, inspect_source
from warehouse.source_events import Event, unknown_ids, write_events
from warehouse.source_tables import IDEMPOTENCY, qualified, transaction, writing_engine

log = get_logger(__name__)

KEY: Final = "Idempotency-Key"
LONGEST_KEY: Final = 255
LIMIT = 5.0  # seconds that a request may take in the database
CONNECTIONS = 4
KEY_LOCK: Final = 0x6B657973  # the class of our locks on keys among the advisory locks of the database

# called after the commit, with what was written; not for an answer that is repeated
OnActions = Callable[[Sequence[WrittenAction]], None]


class ActionWriter:
    """Writes actions into the source; safe in any thread."""

    def __init__(self, settings: Settings, on_actions: Sequence[OnActions]) -> None:
        self._settings = settings
        self._on_actions = on_actions
        self._engine: Engine | None = None
        if settings.source.dsn is not None:
            self._engine = writing_engine(settings, LIMIT, CONNECTIONS)
        self._catalog: SourceCatalog | None = None
        self._keys = qualified(settings, IDEMPOTENCY)

    def write(self, actions: Sequence[FeedAction], key: str | None, *, listed: bool) -> WrittenActions:
        """Commit all of `actions` or none. With a `key` that has been answered, repeat that answer and write nothing.

        `listed` says whether the request had a list, for the names in a refusal.

        Raises:
            ProblemDetailsException: a moment, user or post is not accepted, or the key was used for another request.
            SourceUnreachable: it is not known whether they were written; only with a key is it safe to repeat.
            SourceError: the source cannot be written to as it is.
        """
        if self._engine is None:
            raise SourceUnreachable("this service has no database to write to: source.dsn is not set")
        moments = self._moments(actions, listed=listed)
        try:
            catalog = self._catalog = self._catalog or inspect_source(self._settings)
            with transaction(self._settings, self._engine) as connection:
                digest = hashlib.sha256(msgspec.json.encode(actions)).hexdigest()
                if key is not None and (known := self._known(connection, key, digest)) is not None:
                    return known
                self._refuse_unknown(connection, catalog, actions, listed=listed)
                new = [Event(a.user_id, a.post_id, a.action, time) for a, time in zip(actions, moments, strict=True)]
                answer = _answer(write_events(connection, catalog.events, new))
                if key is not None:
                    self._remember(connection, key, digest, answer)
        except SourceUnreachable as error:
            again = (
                f"repeat the request with the same {KEY}" if key else f"with an {KEY} it is safe to repeat a request"
            )
            raise SourceUnreachable(f"{error}; {again}") from None
        except SourceError:
            self._catalog = None  # the tables may have changed
            raise
        except (DataError, IntegrityError) as error:
            told = str(error.orig).partition("\n")[0]
            bad = BadParameter("body", None, f"the network's database does not take the body: {told}")
            raise refusal(HTTPStatus.UNPROCESSABLE_ENTITY, [bad]) from None
        for told_of in self._on_actions:
            try:
                told_of(answer.written)
            except Exception:  # they are written, and that is what was asked for
                log.exception("a listener to feed actions failed")
        return answer

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()

    def _moments(self, actions: Sequence[FeedAction], *, listed: bool) -> list[datetime]:
        """When each happened, in UTC without a zone."""
        now = clock.now()
        latest = now + self._settings.warehouse.future_tolerance
        moments, bad = [], []
        for index, action in enumerate(actions):
            try:
                moment = clock.in_utc(action.time) if action.time is not None else now
            except OverflowError:  # an offset that leads out of the years 1 to 9999
                bad.append(_bad(index, "time", action.time, "it must be in the years 1 to 9999", listed=listed))
                continue
            if moment > latest:
                must = f"it must not be after {latest:%Y-%m-%dT%H:%M:%S} (UTC)"
                bad.append(_bad(index, "time", action.time, must, listed=listed))
            moments.append(moment)
        if bad:
            raise refusal(HTTPStatus.UNPROCESSABLE_ENTITY, bad)
        return moments

    def _refuse_unknown(
        self, connection: Connection, catalog: SourceCatalog, actions: Sequence[FeedAction], *, listed: bool
    ) -> None:
        users = unknown_ids(connection, catalog.users, USER_ID, (action.user_id for action in actions))
        posts = unknown_ids(connection, catalog.posts, POST_ID, (action.post_id for action in actions))
        bad = []
        for index, action in enumerate(actions):
            if action.user_id in users:
                bad.append(_bad(index, "user_id", action.user_id, "there is no such user", listed=listed))
            if action.post_id in posts:
                bad.append(_bad(index, "post_id", action.post_id, "there is no such post", listed=listed))
        if bad:
            raise refusal(HTTPStatus.UNPROCESSABLE_ENTITY, bad)

    def _known(self, connection: Connection, key: str, digest: str) -> WrittenActions | None:
        """The answer that the key has got; while we look, another request with it waits."""
        lock = text("SELECT pg_advisory_xact_lock(:class, hashtext(:key))")
        connection.execute(lock, {"class": KEY_LOCK, "key": key})
        query = text(f"SELECT request_hash, answer FROM {self._keys} WHERE key = :key")
        found = connection.execute(query, {"key": key}).one_or_none()
        if found is None:
            return None
        if found.request_hash != digest:
            bad = BadParameter(KEY, key, f"{KEY} {key!r} was used for another request; take a new one")
            raise refusal(HTTPStatus.UNPROCESSABLE_ENTITY, [bad])
        return msgspec.convert(found.answer, WrittenActions)

    def _remember(self, connection: Connection, key: str, digest: str, answer: WrittenActions) -> None:
        insert = text(f"INSERT INTO {self._keys} (key, request_hash, answer) VALUES (:key, :hash, :answer)")
        values = {"key": key, "hash": digest, "answer": msgspec.json.encode(answer).decode()}
        connection.execute(insert, values)


def _answer(events: Sequence[Event]) -> WrittenActions:
    return WrittenActions(
        [WrittenAction(one.user_id, one.post_id, cast("Action", one.action), one.event_time) for one in events]
    )


def _bad(index: int, field: str, value: Any, must: str, *, listed: bool) -> BadParameter:
    name = f"[{index}].{field}" if listed else field
    told = value.isoformat() if isinstance(value, datetime) else str(value)
    return BadParameter(name, told, f"{name}={told} is not accepted: {must}")
