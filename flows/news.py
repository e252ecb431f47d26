"""Whether a new snapshot would differ from the one that stands: a plain question to the warehouse."""

import duckdb

from core.columns import POST_ID, USER_ID
from warehouse.snapshots import Snapshot


def is_news(warehouse: duckdb.DuckDBPyConnection, standing: Snapshot) -> bool:
    """Whether events, users or posts have come since `standing` was published.

    A text or a profile that was edited, and nothing else, is not news by itself; it comes with the next snapshot.
    """
    counts = warehouse.execute(
        f"""
        SELECT
            (SELECT count({USER_ID}) FROM raw.users),
            (SELECT count({POST_ID}) FROM raw.posts),
            (SELECT count(*) FROM meta.runs WHERE kind = 'copy' AND finished_at > $published
             AND CAST(detail ->> '$.copied.events' AS BIGINT) > 0)
        """,
        {"published": standing.manifest.created_at.replace(tzinfo=None)},
    ).fetchone()
    return counts != (standing.manifest.rows["users"], standing.manifest.rows["posts"], 0)
