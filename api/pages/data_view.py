"""What the page Data shows: tables, rejected rows, runs and features, all as the snapshot that is served has them.

A snapshot of before some of these tables has none of them; what they would hold is then told to be unknown.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from api.engine import Serving
from core import prefect_address
from core.settings import Settings
from features.catalog import FeatureSpec

DAYS: Final = 60  # of rejected rows in a row of bars
RUNS: Final = 20
ITS_RUNS: Final = "/runs/flow-run/"  # in Prefect's pages


class Example(NamedTuple):
    """A question of the README, and the query that answers it."""

    question: str
    query: str


class Table(NamedTuple):
    """A table of the snapshot, with its columns and their types."""

    name: str
    rows: int | None
    columns: list[tuple[str, str]]


class Fresh(NamedTuple):
    """A table of the warehouse, as it was when the snapshot was written."""

    name: str
    rows: int
    newest: datetime | None


class Rejected(NamedTuple):
    """Rows of a table that broke a rule, by the day on which they were found."""

    table: str
    rule: str
    total: int
    days: list[tuple[date, int]]


@dataclass(frozen=True)
class Run:
    """What ran, and how it ended."""

    id: str
    kind: str
    started_at: datetime
    seconds: float
    status: str
    detail: dict[str, Any]
    address: str | None  # in Prefect's pages

    @property
    def error(self) -> str | None:
        found = self.detail.get("error")
        return None if found is None else str(found)

    @property
    def copied(self) -> dict[str, int]:
        return self.detail.get("copied") or {}

    @property
    def rejected(self) -> int:
        return sum((self.detail.get("rejected") or {}).values())

    @property
    def gaps(self) -> int:
        """Days that differ from the source."""
        return len(self.detail.get("gaps") or [])


@cache
def examples() -> list[Example]:
    """The questions that are ready to be asked."""
    content = resources.files("api.pages").joinpath("examples.sql").read_text(encoding="utf-8")
    parts = [part.partition("\n") for part in content.split("-- ")[1:]]
    return [Example(question, query.strip()) for question, _, query in parts]


def tables(serving: Serving) -> list[Table]:
    """All tables that a query may ask for."""
    columns = serving.rows(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = current_database() "
        "AND NOT internal ORDER BY table_name, column_index"
    )
    counted = serving.snapshot.manifest.rows
    return [
        Table(name, counted.get(name), [(one["column_name"], one["data_type"]) for one in found])
        for name, found in groupby(columns, key=lambda one: one["table_name"])
    ]


def freshness(serving: Serving) -> list[Fresh] | None:
    """The warehouse's tables; None if the snapshot does not say."""
    if not _has(serving, "table_freshness"):
        return None
    found = serving.rows('SELECT table_name, "rows", newest FROM table_freshness')
    return [Fresh(*one.values()) for one in found]


def rejected(serving: Serving) -> list[Rejected] | None:
    """Rows that broke a rule, most first, by day up to the snapshot's; None if it does not say."""
    if not _has(serving, "rejected_daily"):
        return None
    found = serving.rows('SELECT table_name, rule, day, "rows" FROM rejected_daily ORDER BY table_name, rule, day')
    last = serving.snapshot.manifest.created_at.date()
    strip = [last - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    told = []
    for (table, rule), rows in groupby(found, key=lambda one: (one["table_name"], one["rule"])):
        by_day = {one["day"]: one["rows"] for one in rows}
        told.append(Rejected(table, rule, sum(by_day.values()), [(day, by_day.get(day, 0)) for day in strip]))
    return sorted(told, key=lambda one: -one.total)


def runs(serving: Serving, settings: Settings) -> list[Run] | None:
    """The newest runs that were on record; None if the snapshot does not say."""
    if not _has(serving, "runs"):
        return None
    pages = prefect_address.pages(settings)
    found = serving.rows("FROM runs ORDER BY started_at DESC, run_id LIMIT ?", RUNS)
    return [
        Run(
            one["run_id"],
            one["kind"],
            one["started_at"],
            (one["finished_at"] - one["started_at"]).total_seconds(),
            one["status"],
            msgspec.json.decode(one["detail"]),
            _address(pages, one["run_id"]),
        )
        for one in found
    ]


def features(serving: Serving, wanted: str) -> list[FeatureSpec]:
    """The features that every word of `wanted` is found with, in whatever case."""
    found = serving.rows('SELECT name, "group", type, unit, as_of, meaning FROM feature_catalog')
    words = wanted.casefold().split()
    told = [FeatureSpec(**one) for one in found]
    return [one for one in told if _matches(words, one)]


def _matches(words: Sequence[str], feature: FeatureSpec) -> bool:
    content = " ".join(astuple(feature)).casefold()
    return all(word in content for word in words)


def _has(serving: Serving, table: str) -> bool:
    return bool(serving.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = ? AND NOT internal", table))


def _address(pages: str | None, run_id: str) -> str | None:
    """Of a run in Prefect's pages; those that were started by hand have an id that is none of Prefect's."""
    try:
        return f"{pages}{ITS_RUNS}{UUID(run_id)}" if pages else None
    except ValueError:
        return None
