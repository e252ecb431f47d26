"""Users and posts: small tables, copied whole every time."""

import duckdb

from core.columns import POST_ID, TEXT, TEXT_HASH, TOPIC, USER_ID
from core.errors import SourceEmpty
from core.settings import Settings
from warehouse import changes, quality
from warehouse.connection import count, identifier, read_sql
from warehouse.quality import Verdict
from warehouse.source import SourceCatalog, Table, in_postgres


def copy_users(
    connection: duckdb.DuckDBPyConnection, settings: Settings, catalog: SourceCatalog, run_id: str
) -> Verdict:
    """Replace `raw.users` by the source's, its profile columns typed by what they hold, sorted by id."""
    names = {column.name: column.postgres for column in catalog.profile}
    verdict = _read(connection, settings, catalog.users, "users", USER_ID, names, run_id)
    numbers = _numeric_texts(connection, [column.name for column in catalog.profile if column.kind == "text"])
    columns = [
        f"TRY_CAST({identifier(name)} AS DOUBLE) AS {identifier(name)}" if name in numbers else identifier(name)
        for name in (USER_ID, *names)
    ]
    connection.execute(
        f"CREATE OR REPLACE TABLE raw.users AS SELECT {', '.join(columns)} FROM incoming ORDER BY {USER_ID}"
    )
    return verdict


def copy_posts(
    connection: duckdb.DuckDBPyConnection, settings: Settings, catalog: SourceCatalog, run_id: str
) -> Verdict:
    """Replace `raw.posts` by the source's, sorted by id; a post without text has the empty one."""
    posts = catalog.posts
    names = {TEXT: f"coalesce({posts.columns[TEXT].postgres}, '')", TOPIC: posts.columns[TOPIC].postgres}
    verdict = _read(connection, settings, posts, "posts", POST_ID, names, run_id)
    changes.mark_posts(connection)
    connection.execute("DELETE FROM raw.posts")
    connection.execute(
        f"INSERT INTO raw.posts SELECT {POST_ID}, {TEXT}, {TOPIC}, sha256({TEXT}) AS {TEXT_HASH} "
        f"FROM incoming ORDER BY {POST_ID}"
    )
    return verdict


def _read(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    table: Table,
    name: str,
    key: str,
    expressions: dict[str, str],
    run_id: str,
) -> Verdict:
    """Fill the temporary table `incoming` with the rows of `table` that keep the rules."""
    columns = {key: table.columns[key].postgres, **expressions}
    select = ", ".join(f"{expression} AS {identifier(column)}" for column, expression in columns.items())
    query = in_postgres(f"SELECT {select} FROM {table.qualified}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS FROM {query}")
    read = count(connection, "incoming")
    connection.execute(read_sql("warehouse", "doubtful_rows").format(key=key))
    quality.set_aside(connection, name, "incoming")
    verdict = quality.judge(connection, settings, run_id, name, read, again=False)
    if count(connection, "incoming") == 0:
        raise SourceEmpty(
            f"table {table.name!r} of the source, mapped to {name}, has no usable row; "
            f"fill it, or point source.{name}.table to another"
        )
    return verdict


def _numeric_texts(connection: duckdb.DuckDBPyConnection, names: list[str]) -> set[str]:
    """Those text columns of `incoming` whose values are numbers, all of them that are not empty."""
    if not names:
        return set()
    # one value that is no number ends the search in its column
    tests = [
        f"EXISTS (FROM incoming WHERE {quoted} <> '') "
        f"AND NOT EXISTS (FROM incoming WHERE {quoted} <> '' AND TRY_CAST({quoted} AS DOUBLE) IS NULL)"
        for quoted in map(identifier, names)
    ]
    answers = connection.execute(f"SELECT {', '.join(tests)}").fetchall()[0]
    return {name for name, numeric in zip(names, answers, strict=True) if numeric}
