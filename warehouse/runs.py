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
        """
        MERGE INTO meta.runs USING (
            SELECT
                $run_id AS run_id, $kind AS kind, $started_at::TIMESTAMP AS started_at,
                now() AT TIME ZONE 'UTC' AS finished_at, $status AS status, $detail::JSON AS detail
        ) USING (run_id, kind)
        WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT
        """,
        {
            "run_id": run_id,
            "kind": kind,
            "started_at": _naive_utc(started_at),
            "status": status,
            "detail": msgspec.json.encode(detail).decode(),
        },
    )


def watermark(connection: duckdb.DuckDBPyConnection, name: str) -> datetime | None:
    """How far `name` has been copied, in UTC without a zone; None before the first copy."""
    row = connection.execute("SELECT value FROM meta.watermarks WHERE name = ?", [name]).fetchone()
    return row[0] if row else None


def set_watermark(connection: duckdb.DuckDBPyConnection, name: str, value: datetime) -> None:
    """Remember that `name` has been copied up to `value`, in UTC without a zone."""
    connection.execute(
        """
        MERGE INTO meta.watermarks USING (SELECT $name AS name, $value::TIMESTAMP AS value) USING (name)
        WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT
        """,
        {"name": name, "value": value},
    )


def _naive_utc(moment: datetime) -> datetime:
    offset = moment.utcoffset()
    return moment if offset is None else moment.replace(tzinfo=None) - offset
