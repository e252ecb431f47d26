"""What the API showed, from its table in the source: new rows by the time they were shown, each request id once."""

import duckdb

from core.logging import get_logger
from core.settings import Settings
from warehouse.connection import literal
from warehouse.runs import set_watermark, watermark
from warehouse.source import in_postgres
from warehouse.source_tables import EXPOSURES, qualified

WATERMARK = "exposures"
logger = get_logger(__name__)


def copy_exposures(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Append what `raw.exposures` does not have yet; how many rows that was, 0 where the source has no such table.

    The copy goes back by `warehouse.overlap`, for workers write at different times. A spool may have waited longer, on
    a machine that was off; then the source has more older rows than we do, and all of them are read.
    """
    table = qualified(settings, EXPOSURES)
    there = in_postgres(
        "SELECT attname::text, has_column_privilege(attrelid, attnum, 'SELECT') AS readable FROM pg_attribute "
        f"WHERE attrelid = to_regclass({literal(table)}) AND NOT attisdropped"
    )
    # a source whose API is still of an earlier version may lack the newest columns
    shared = connection.execute(
        f"SELECT column_name, readable FROM (DESCRIBE raw.exposures) JOIN {there} AS there ON column_name = attname"
    ).fetchall()
    if not all(readable for _, readable in shared):
        logger.warning(
            "%s may not be read, so reports on experiments stay empty; feedrank migrate --grant-copy ROLE, with the "
            "address of its owner, allows it",
            table,
        )
        return 0
    if not shared:
        return 0
    where = "true"
    before = watermark(connection, WATERMARK)
    if before is not None:
        since = before - settings.warehouse.overlap
        older = f"shown_at < timestamp '{since.isoformat()}'"
        held = connection.execute("SELECT count(*) FROM raw.exposures WHERE shown_at < ?", [since]).fetchall()[0][0]
        if _scalar(connection, f"SELECT count(*) AS older FROM {table} WHERE {older}") <= held:
            where = f"NOT {older}"
    columns = ", ".join(name for name, _ in shared)
    rows = in_postgres(f"SELECT {columns} FROM {table} WHERE {where}")
    [(written,)] = connection.execute(
        f"INSERT INTO raw.exposures BY NAME SELECT {columns} FROM {rows} ANTI JOIN raw.exposures USING (request_id) "
        "ORDER BY shown_at, request_id"
    ).fetchall()
    after = connection.execute("SELECT max(shown_at) FROM raw.exposures").fetchall()[0][0]
    if after is not None:
        set_watermark(connection, WATERMARK, after)
    return int(written)


def _scalar(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """The one value that a query inside PostgreSQL gives."""
    return int(connection.execute(f"FROM {in_postgres(query)}").fetchall()[0][0])
