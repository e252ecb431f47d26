"""Whether a new snapshot would differ from the one that stands: plain questions to the warehouse."""

import duckdb

from warehouse.changes import SNAPSHOT, is_marked, settle
from warehouse.connection import transaction
from warehouse.snapshots import Snapshot

# by what the rows say, so that an edited text, topic or profile is news; sums do not depend on the order of rows
CONTENTS = """
    SELECT
        (SELECT sum(hash(to_json(u)))::VARCHAR FROM raw.users AS u) AS users,
        (SELECT sum(hash(post_id, text_hash, topic))::VARCHAR FROM raw.posts) AS posts
"""


def note_publication(warehouse: duckdb.DuckDBPyConnection, snapshot: str) -> None:
    """Remember that everything copied so far is in `snapshot`; call it after publishing, under the same lock."""
    with transaction(warehouse):
        settle(warehouse, SNAPSHOT)
        warehouse.execute("DELETE FROM meta.published")
        warehouse.execute(f"INSERT INTO meta.published SELECT ?, users, posts FROM ({CONTENTS})", [snapshot])


def is_news(warehouse: duckdb.DuckDBPyConnection, standing: Snapshot) -> bool:
    """Whether anything is in the warehouse that is not in the snapshot that stands.

    Events that came or went since the last publication, users or posts that came, went or were edited, or another
    snapshot that stands: somebody has rolled back, or promoted one, and its rankers have not seen today's data.
    """
    published = warehouse.execute("FROM meta.published").fetchone()
    contents = warehouse.execute(CONTENTS).fetchone()
    assert contents is not None
    return is_marked(warehouse, SNAPSHOT) or published != (standing.id, *contents)
