"""`feedrank sql`: the current snapshot's tables, read-only, as a table for people or JSON for programs."""

from decimal import Decimal
from typing import Any

import duckdb
from rich.markup import escape
from rich.table import Table

from core.errors import FeedrankError
from core.settings import load_settings
from feedrank.terminal import Json, err, out, print_json
from ranking.recommender import STATE_FILE
from warehouse.snapshots import current

LIMIT = 1000  # rows printed as a table


def sql(query: str, /, *, as_json: Json = False) -> None:
    """Run a query over the current snapshot's features.duckdb.

    Parameters
    ----------
    query
        One statement of DuckDB's SQL. `FROM feature_catalog` lists the features, `SHOW TABLES` the tables. A table
        ends after 1,000 rows, JSON has all.
    """
    file = current(load_settings()).folder / STATE_FILE
    try:
        with duckdb.connect(str(file), read_only=True, config={"enable_external_access": "false"}) as snapshot:
            names, rows = _run(snapshot, query, None if as_json else LIMIT + 1)
    except duckdb.Error as error:
        raise FeedrankError(f"the query failed on {file}: {error}") from None
    if as_json:
        for row in rows:
            print_json(dict(zip(names, row, strict=True)))
        return
    table = Table(*(escape(name) for name in names))
    for row in rows[:LIMIT]:
        table.add_row(*(_text(value) for value in row))
    out.print(table)
    if len(rows) > LIMIT:
        err.print(f"only the first {LIMIT:,} rows; --json prints all")


def _run(snapshot: duckdb.DuckDBPyConnection, query: str, limit: int | None) -> tuple[list[str], list[tuple[Any, ...]]]:
    result = snapshot.execute(query)
    names = [column[0] for column in result.description or ()]
    return names, result.fetchall() if limit is None else result.fetchmany(limit)


def _text(value: object) -> str:
    if isinstance(value, float | Decimal):
        return f"{value:.4g}"
    return "" if value is None else escape(str(value))
