"""`feedrank sql`: the current snapshot's tables, read-only, as a table for people or JSON for programs."""

import json
from decimal import Decimal
from typing import Annotated, Any

import duckdb
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from core.errors import FeedrankError
from core.settings import load_settings
from feedrank.terminal import err, out
from ranking.recommender import STATE_FILE
from warehouse.snapshots import current

LIMIT = 1000  # rows printed as a table


def sql(query: str, /, *, as_json: Annotated[bool, Parameter("--json", negative="")] = False) -> None:
    """Run a query over the current snapshot's features.duckdb.

    Parameters
    ----------
    query
        One statement of DuckDB's SQL. `FROM feature_catalog` lists the features, `SHOW TABLES` the tables.
    as_json
        One JSON object a row instead of a table, all rows.
    """
    file = current(load_settings()).folder / STATE_FILE
    try:
        with duckdb.connect(str(file), read_only=True, config={"enable_external_access": "false"}) as snapshot:
            names, rows = _run(snapshot, query, None if as_json else LIMIT + 1)
    except duckdb.Error as error:
        raise FeedrankError(f"the query failed on {file}: {error}") from None
    if as_json:
        for row in rows:
            out.print_json(json.dumps(dict(zip(names, row, strict=True)), default=str), indent=None, highlight=False)
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
