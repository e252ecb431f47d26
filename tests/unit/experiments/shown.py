"""A warehouse in memory, and answers and events written into it by hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb

from warehouse.connection import read_sql

SALT = "s"
TABLES = ("experiment_daily", "guardrail_daily", "credit_daily", "member", "aggregated_day")


def empty_warehouse() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    con.execute(read_sql("warehouse", "schema"))
    return con


def at(clock: str, day: int = 1) -> datetime:
    return datetime.fromisoformat(f"2026-01-{day:02} {clock}")


def show(
    con: duckdb.DuckDBPyConnection, user: int, posts: Sequence[int], when: datetime, arm: str = "control", **more: Any
) -> None:
    """One answer; `more` are further columns of raw.exposures, or others than usual."""
    row = {
        "request_id": con.sql("SELECT uuid()").fetchall()[0][0],
        "experiment": "e",
        "salt": SALT,
        "user_id": user,
        "arm": arm,
        "shown_at": when,
        "post_ids": list(posts),
        "sources": ["factors"] * len(posts),
        **more,
    }
    places = ", ".join(f"${name}" for name in row)
    con.execute(f"INSERT INTO raw.exposures ({', '.join(row)}) VALUES ({places})", row)


def happen(con: duckdb.DuckDBPyConnection, user: int, action: str, post: int, when: datetime) -> None:
    con.execute("INSERT INTO raw.events VALUES (?, ?, ?, ?, NULL)", [user, post, action, when])


def rows(con: duckdb.DuckDBPyConnection, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    return con.execute(f"SELECT {columns} FROM experiments.{table} ORDER BY ALL").fetchall()
