"""Whether a new snapshot would differ from the one that stands: plain questions to the warehouse."""

from datetime import UTC, datetime

import duckdb

from core.columns import POST_ID, USER_ID
from warehouse.runs import set_watermark
from warehouse.snapshots import Snapshot

PUBLISHED = "published"  # the watermark that says when a snapshot was last made of the warehouse


def note_publication(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Remember that everything copied so far is in a snapshot; call it after publishing, under the same lock."""
    set_watermark(warehouse, PUBLISHED, datetime.now(UTC).replace(tzinfo=None))


def is_news(warehouse: duckdb.DuckDBPyConnection, standing: Snapshot) -> bool:
    """Whether events, users or posts have come since a snapshot was last published.

    A text or a profile that was edited, and nothing else, is not news by itself; it comes with the next snapshot.
    """
    counts = warehouse.execute(
        f"""
        SELECT
            (SELECT count({USER_ID}) FROM raw.users),
            (SELECT count({POST_ID}) FROM raw.posts),
            (
                SELECT count(*) FROM meta.runs
                WHERE kind = 'copy' AND CAST(detail ->> '$.copied.events' AS BIGINT) > 0
                AND finished_at > coalesce((SELECT value FROM meta.watermarks WHERE name = $published), '-infinity')
            )
        """,
        {"published": PUBLISHED},
    ).fetchone()
    return counts != (standing.manifest.rows["users"], standing.manifest.rows["posts"], 0)
