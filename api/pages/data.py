"""The page Data: what there is and how new, what was turned away, what ran, and SQL over all of it."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, SkipValidation

from api.engine import Serving
from api.pages import data_view
from api.pages.shell import HEADERS, Shell, Shelled
from api.pages.sql import Answer, Desk, as_csv
from core import clock
from core.errors import QueryRefused
from core.settings import Settings
from ranking.recommender import STATE_FILE

SHAREABLE = 2_000  # characters of a query that the browser's address line is told

Served = NamedDependency[SkipValidation[Serving]]
Setup = NamedDependency[SkipValidation[Settings]]
Desked = NamedDependency[SkipValidation[Desk]]


def desk(settings: Setup) -> Desk:
    """Where queries are taken; one a process."""
    return Desk(settings.sql)


@get("/data", sync_to_thread=True)
def data(
    shell: Shelled,
    serving: Served,
    desk: Desked,
    settings: Setup,
    sql: FromQuery[str] = "",
    find: FromQuery[str] = "",
) -> Response[Any]:
    """Everything; with `sql` the answer to a query, with `find` the features that fit."""
    answer, refused = _answer(shell, serving, desk, sql) if sql else (None, None)
    return shell.page(
        "data.html",
        status_code=HTTPStatus.BAD_REQUEST if refused else HTTPStatus.OK,
        now=clock.now(),
        fresh=data_view.freshness(serving),
        rejected=data_view.rejected(serving),
        runs=data_view.runs(serving, settings),
        tables=data_view.tables(serving),
        find=find,
        features=data_view.features(serving, find),
        limits=settings.sql,
        examples=data_view.examples(),
        sql=sql,
        answer=answer,
        refused=refused,
    )


@get("/data/features", sync_to_thread=True)
def features(shell: Shelled, serving: Served, find: FromQuery[str] = "") -> Response[Any]:
    """The part of the catalogue that fits, as somebody types."""
    return shell.page("data_features.html", features=data_view.features(serving, find), find=find)


@get("/data/query", sync_to_thread=True)
def query(shell: Shelled, serving: Served, desk: Desked, sql: FromQuery[str] = "") -> Response[Any]:
    """The answer to a query, or beside its box why there is none."""
    answer, refused = _answer(shell, serving, desk, sql)
    shared = {"HX-Replace-Url": f"/data?{urlencode({'sql': sql})}"} if len(sql) <= SHAREABLE else None
    return shell.page("data_answer.html", headers=shared, sql=sql, answer=answer, refused=refused, limits=desk.settings)


@get("/data/query.csv", sync_to_thread=True)
def query_csv(shell: Shelled, serving: Served, desk: Desked, sql: FromQuery[str] = "") -> Response[str]:
    """The same as a file; its name says if it does not hold all rows."""
    answer = desk.csv(serving.snapshot.folder / STATE_FILE, sql, shell.translate)
    part = f"-first-{len(answer.rows)}" if answer.more else ""
    name = f"feedrank-{serving.snapshot.id}{part}.csv"
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(as_csv(answer), media_type="text/csv; charset=utf-8", headers=headers)


def _answer(shell: Shell, serving: Serving, desk: Desk, sql: str) -> tuple[Answer | None, str | None]:
    try:
        return desk.page(serving.snapshot.folder / STATE_FILE, sql, shell.translate), None
    except QueryRefused as error:
        return None, str(error)


HANDLERS = [data, features, query, query_csv]
