"""What ran when and how it ended, and how far the copies have come."""

from datetime import datetime
from typing import Any, Literal

import duckdb
import msgspec

RunStatus = Literal["succeeded", "failed"]


def record_run(
    connection: duckdb.DuckDBPyConnection,
    run_id: str,
    kind: str,
    started_at: datetime,
    status: RunStatus,
    detail: dict[str, Any],
) -> None:
    """Write how the run of this kind ended; a run that is tried again under its id replaces its earlier end."""
    connection.execute(
        "INSERT OR REPLACE INTO meta.runs VALUES (?, ?, ?, now() AT TIME ZONE 'UTC', ?, ?)",
        [run_id, kind, _naive_utc(started_at), status, msgspec.json.encode(detail).decode()],
    )


def watermark(connection: duckdb.DuckDBPyConnection, name: str) -> datetime | None:
    """How far `name` has been copied, in UTC without a zone; None before the first copy."""
    row = connection.execute("SELECT value FROM meta.watermarks WHERE name = ?", [name]).fetchone()
    return row[0] if row else None


def set_watermark(connection: duckdb.DuckDBPyConnection, name: str, value: datetime) -> None:
    """Remember that `name` has been copied up to `value`, in UTC without a zone."""
    connection.execute("INSERT OR REPLACE INTO meta.watermarks VALUES (?, ?)", [name, value])


def _naive_utc(moment: datetime) -> datetime:
    offset = moment.utcoffset()
    return moment if offset is None else moment.replace(tzinfo=None) - offset
