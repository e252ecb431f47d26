"""Which events of the source are read: parts of them by time, as conditions for PostgreSQL and for the warehouse."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self

from core.columns import ACTION, EVENT_TIME, POST_ID, USER_ID
from warehouse.connection import identifier
from warehouse.source import Table

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """Events of half-open ranges of time; None: no bound on that side."""

    ranges: tuple[tuple[datetime | None, datetime | None], ...]

    @classmethod
    def since(cls, moment: datetime) -> Self:
        return cls(((moment, None),))

    @classmethod
    def of(cls, days: Iterable[date]) -> Self:
        """Some days; those that follow each other become one range, so that the condition stays short."""
        ranges: list[tuple[datetime, datetime]] = []
        for day in sorted(days):
            start = datetime.combine(day, time())
            if ranges and ranges[-1][1] == start:
                ranges[-1] = (ranges[-1][0], start + DAY)
            else:
                ranges.append((start, start + DAY))
        return cls(tuple(ranges))

    def in_source(self, events: Table) -> str:
        """The condition for PostgreSQL, on the column as it is, so that an index on it serves."""
        column = events.columns[EVENT_TIME]
        zone = "+00" if column.kind == "instant" else ""
        prefix = "timestamptz" if column.kind == "instant" else "timestamp"
        return self._condition(identifier(column.name), lambda moment: f"{prefix} '{moment.isoformat()}{zone}'")

    def in_warehouse(self, column: str = EVENT_TIME) -> str:
        """The condition for DuckDB."""
        return self._condition(column, lambda moment: f"TIMESTAMP '{moment.isoformat()}'")

    def _condition(self, column: str, bound: Callable[[datetime], str]) -> str:
        parts = []
        for start, end in self.ranges:
            sides = [f"{column} >= {bound(start)}" if start else "", f"{column} < {bound(end)}" if end else ""]
            parts.append(" AND ".join(side for side in sides if side) or "true")
        return f"({' OR '.join(f'({part})' for part in parts) or 'false'})"


EVERYTHING = Window(((None, None),))


def selected(events: Table) -> str:
    """The columns of events under our names, for PostgreSQL."""
    names = (USER_ID, POST_ID, ACTION, EVENT_TIME)
    return ", ".join(f"{events.columns[name].postgres} AS {name}" for name in names)
