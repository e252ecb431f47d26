"""Rows that break a rule: set aside with the rule's name, never dropped in silence, never more than the limit.

While a copy runs, its broken rows are in the temporary table `broken`; what it keeps of them is in `quality.rejected`.
There a row is one (table, rule, row as JSON, occurrence), so that copying the same source again adds nothing.
"""

from collections import Counter
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from core.errors import QualityError
from core.settings import Settings
from warehouse.connection import read_sql
from warehouse.windows import Window

# how many rows of each table and rule are kept for looking at when a copy fails
EXAMPLES = 10_000


@dataclass(frozen=True)
class Verdict:
    """What the rules found among the rows of one table that a copy read for the first time."""

    read: int
    by_rule: dict[str, int]

    @property
    def rejected(self) -> int:
        return sum(self.by_rule.values())

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(self.read + other.read, dict(Counter(self.by_rule) + Counter(other.by_rule)))


def start(connection: duckdb.DuckDBPyConnection) -> None:
    """Prepare `broken`, and forget what failed copies had set aside: this copy reads those rows again."""
    connection.execute(
        'CREATE OR REPLACE TEMP TABLE broken (table_name VARCHAR, rule VARCHAR, "row" JSON, occurrence INTEGER)'
    )
    connection.execute(read_sql("warehouse", "forget_failed"))


def set_aside(connection: duckdb.DuckDBPyConnection, table: str, relation: str) -> None:
    """Move the rows that the temporary table `doubtful(id, rule, row)` names by rowid from `relation` to `broken`."""
    if not _any(connection, "doubtful"):
        return
    connection.execute(read_sql("warehouse", "set_aside"), {"table": table})
    connection.execute(f"DELETE FROM {relation} WHERE rowid IN (SELECT id FROM doubtful)")


def judge(
    connection: duckdb.DuckDBPyConnection, settings: Settings, run_id: str, table: str, read: int, *, again: bool
) -> Verdict:
    """Count the broken rows of `table` by rule, out of `read` rows.

    `again` says that the copy reads some rows that an earlier one has judged already: those rejected then count
    neither as rejected nor as read, or a few rows without a time, which every copy reads, would in the end fill a
    small copy.

    Raises:
        QualityError: their share is over `warehouse.rejected_limit`.
    """
    if not _any(connection, "broken"):
        return Verdict(read, {})
    counts = connection.execute(read_sql("warehouse", "count_broken"), {"table": table}).fetchall()
    if again:
        read -= sum(found - new for _, found, new in counts)
        by_rule = {rule: new for rule, _, new in counts if new}
    else:
        by_rule = {rule: found for rule, found, _ in counts}
    verdict = Verdict(read, by_rule)
    limit = settings.warehouse.rejected_limit
    if verdict.rejected > limit * read:
        commonest = max(by_rule, key=lambda rule: by_rule[rule])
        raise QualityError(
            f"{table}: {verdict.rejected:,} of {read:,} rows read ({verdict.rejected / read:.1%}) break a rule, over "
            f"the limit warehouse.rejected_limit = {limit:.1%}; most often {commonest} ({by_rule[commonest]:,}). "
            "Nothing has been copied. Look at the rows (SELECT * FROM quality.rejected WHERE run_id = "
            f"'{run_id}'), then correct the source or raise the limit"
        )
    return verdict


def keep(connection: duckdb.DuckDBPyConnection, run_id: str) -> None:
    """Write the rows of `broken` that are not there yet to `quality.rejected`."""
    connection.execute(read_sql("warehouse", "keep_broken"), {"run_id": run_id})


def forget_events(connection: duckdb.DuckDBPyConnection, window: Window) -> None:
    """Forget events of `window` that were rejected once and are not in `broken`: gone, or accepted since."""
    within = window.in_warehouse("""TRY_CAST("row" ->> 'event_time' AS TIMESTAMP)""")
    connection.execute(read_sql("warehouse", "forget_events").format(within=within))


def examples(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """The first rows of `broken` by table and rule, to be carried over the rollback that ends it."""
    query = 'FROM broken QUALIFY row_number() OVER (PARTITION BY table_name, rule ORDER BY occurrence, "row") <= ?'
    return connection.execute(query, [EXAMPLES]).to_arrow_table()


def keep_examples(connection: duckdb.DuckDBPyConnection, run_id: str, rows: pa.Table) -> None:
    """Write the rows of a failed copy to `quality.rejected`, in place of those that earlier failed copies left."""
    start(connection)
    connection.register("examples", rows)
    connection.execute("INSERT INTO broken FROM examples")
    connection.unregister("examples")
    keep(connection, run_id)


def _any(connection: duckdb.DuckDBPyConnection, relation: str) -> bool:
    # a copy without broken rows pays for no join or window
    return connection.execute(f"FROM {relation} LIMIT 1").fetchone() is not None
