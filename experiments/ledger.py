"""The ledger of experiments: every change of one, by whom and when, in the source's PostgreSQL. Rows are only added.

Each row carries the whole plan from then on, so the newest row says what holds. One experiment runs at a time, and a
salt is started once ever, which a unique index guarantees: users dealt by it once must not be dealt the same way again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, text

from core import clock
from core.errors import ExperimentError, SourceError
from core.settings import Settings
from experiments.plan import Plan
from warehouse.source_tables import CHANGES, migrate, qualified, transaction, writing_engine

LIMIT: Final = 5.0  # seconds that a look or a change may take
LOCK: Final = 0x65787065  # of whoever changes something; a number of our own among the database's advisory locks

Action = Literal["start", "stop", "weights", "coverage", "ship"]
# what an action may change of the plan before it; anything else that differs was changed by somebody else meanwhile
TOUCHES: Final[dict[str, tuple[str, ...]]] = {
    "stop": ("ended_at",),
    "weights": ("weights", "moves"),
    "coverage": ("coverage",),
    "ship": ("ended_at", "shipped"),
}


class Change(Struct, frozen=True):
    """One row of the ledger."""

    id: int
    at: datetime  # UTC without a zone
    author: str
    experiment: str
    action: Action
    plan: Plan  # from then on


def changes(settings: Settings) -> list[Change]:
    """All of them, the oldest first.

    Raises:
        SourceUnreachable: the database does not answer.
        SourceError: the table is missing and may not be created, or may not be read.
    """
    with _connected(settings) as connection:
        return _read(connection, settings, "ORDER BY id")


def standing(changes: Sequence[Change]) -> Plan | None:
    """The plan that holds after these changes; None before the first."""
    return changes[-1].plan if changes else None


def newest(connection: Connection, settings: Settings) -> Change | None:
    """The last change, in a transaction of the caller's; the table must be there."""
    found = _read(connection, settings, "ORDER BY id DESC LIMIT 1")
    return found[0] if found else None


def record(settings: Settings, action: Action, plan: Plan, author: str) -> Change:
    """Write a change down, and with it the plan that holds from now on.

    Raises:
        ExperimentError: another experiment runs, the salt was used before, or somebody changed the plan meanwhile.
        SourceUnreachable: the database does not answer; whether the change is recorded is not known.
        SourceError: the role may not write.
    """
    with _connected(settings) as connection:
        _lock(connection)
        before = newest(connection, settings)
        if action == "start":
            _refuse_second(connection, settings, before, plan)
        elif before is None or not _fits(before.plan, action, plan):
            raise ExperimentError(f"experiment {plan.name!r} has been changed meanwhile; look at it and try again")
        return _write(connection, settings, action, plan, author)


def begin(settings: Settings, author: str) -> Plan:
    """The plan that holds; where nothing has ever been recorded, the experiment of the settings is started.

    Raises:
        SourceUnreachable: the database does not answer.
        SourceError: the role may not create the table, read or write.
    """
    with _connected(settings) as connection:
        _lock(connection)
        before = newest(connection, settings)
        if before is not None:
            return before.plan
        if not connection.execute(_MAY_WRITE, {"table": qualified(settings, CHANGES)}).scalar_one():
            raise SourceError(
                f"no experiment was ever started, and this role may not write to {CHANGES}; feedrank experiment start, "
                "with the address of one that may, begins that of the settings"
            )
        return _write(connection, settings, "start", Plan.begin(settings.experiment, clock.now()), author).plan


_MAY_WRITE: Final = text("SELECT has_table_privilege(:table, 'INSERT')")


@contextmanager
def _connected(settings: Settings) -> Iterator[Connection]:
    migrate(settings)
    engine = writing_engine(settings, LIMIT, connections=1)
    try:
        with transaction(settings, engine) as connection:
            yield connection
    finally:
        engine.dispose()


def _lock(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _refuse_second(connection: Connection, settings: Settings, before: Change | None, plan: Plan) -> None:
    if before is not None and before.plan.runs:
        raise ExperimentError(
            f"experiment {before.plan.name!r} runs since {before.plan.started_at:%Y-%m-%d %H:%M} UTC; "
            "feedrank experiment stop, or ship ARM, ends it"
        )
    used = _read(connection, settings, "WHERE action = 'start' AND plan ->> 'salt' = :salt", salt=plan.salt)
    if used:
        raise ExperimentError(
            f"salt {plan.salt!r} was used by experiment {used[0].experiment!r}, started {used[0].at:%Y-%m-%d} by "
            f"{used[0].author}, and would deal the users the same way again; set experiment.salt "
            "(FEEDRANK_EXPERIMENT__SALT) to a new one"
        )


def _fits(before: Plan, action: Action, after: Plan) -> bool:
    """Whether the two differ in nothing but what the action may change."""
    return replace(after, **{name: getattr(before, name) for name in TOUCHES[action]}) == before


def _write(connection: Connection, settings: Settings, action: Action, plan: Plan, author: str) -> Change:
    at = clock.now()
    statement = text(
        f"INSERT INTO {qualified(settings, CHANGES)} (at, author, experiment, action, plan) "
        "VALUES (:at, :author, :experiment, :action, CAST(:plan AS jsonb)) RETURNING id"
    )
    plan_json = msgspec.json.encode(plan).decode()
    values = {"at": at, "author": author, "experiment": plan.name, "action": action, "plan": plan_json}
    return Change(connection.execute(statement, values).scalar_one(), at, author, plan.name, action, plan)


def _read(connection: Connection, settings: Settings, which: str, **values: object) -> list[Change]:
    columns = "id, at, author, experiment, action, CAST(plan AS text)"
    rows = connection.execute(text(f"SELECT {columns} FROM {qualified(settings, CHANGES)} {which}"), values)
    return [
        Change(number, at, author, experiment, action, msgspec.json.decode(plan, type=Plan))
        for number, at, author, experiment, action, plan in rows
    ]
