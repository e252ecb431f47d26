"""SQL over the snapshot that is served: what `sql_child` answers, or why it does not.

Each query is a process of its own, so that one that takes memory or time without end, or breaks DuckDB, harms nobody.
A few run at once; whoever comes then waits a moment and is told to come back.
"""

import csv
import io
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final

import msgspec
from msgspec import Struct

from api.pages import sql_child
from api.pages.language import Translate, marked
from core.errors import QueryRefused
from core.settings import SqlSettings

LONGEST: Final = 20_000  # characters of a query; it travels in an address
PATIENCE: Final = 1.0  # seconds that a query waits for its turn
# so much is read of an answer, in characters: of a page and of a file
PAGE, FILE = 1_000_000, 32_000_000
CELL: Final = 500  # characters of one value on the page; a file has all
START: Final = 10.0  # seconds that a process may take besides the query
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

TROUBLES: Final = {
    "nothing": marked("There is no query."),
    "several": marked("One statement at a time, please."),
    "writes": marked("Only queries that read are answered: SELECT, FROM, WITH, SHOW, DESCRIBE and SUMMARIZE."),
    "slow": marked(
        "The query took longer than %(seconds)s s and was stopped. Ask for less: fewer rows, a smaller join."
    ),
    "large": marked("The query needed more than %(memory)s MiB of memory. Ask for less: fewer rows, a smaller join."),
    "broken": marked("DuckDB gave up on this query. Ask in another way."),
    "busy": marked("%(n)s queries are running already. Try again in a moment."),
    "long": marked("The query is longer than %(characters)s characters."),
    "off": marked("Queries are switched off here (sql.enabled)."),
}


class Answer(Struct, frozen=True):
    """What a query found, as texts; None is NULL."""

    columns: list[tuple[str, bool]]  # name, and whether it holds numbers
    rows: list[list[str | None]]
    more: bool  # there are more rows than these


class _Told(Struct, frozen=True):
    columns: list[tuple[str, bool]] = []
    rows: list[list[str | None]] = []
    more: bool = False
    error: str | None = None
    trouble: str | None = None


class Desk:
    """Takes the queries of one process of the service."""

    def __init__(self, settings: SqlSettings) -> None:
        self.settings = settings
        self._turns = BoundedSemaphore(settings.at_once)

    def page(self, file: Path, query: str, translate: Translate) -> Answer:
        """The first rows, long values shortened.

        Raises:
            QueryRefused: the query is wrong, not allowed, or needs more than it may have; says why.
        """
        return self._ask(file, query, translate, rows=self.settings.rows, characters=PAGE, cell=CELL)

    def csv(self, file: Path, query: str, translate: Translate) -> Answer:
        """As many rows as a file may have; raises as `page` does."""
        return self._ask(file, query, translate, rows=self.settings.csv_rows, characters=FILE, cell=FILE)

    def _ask(self, file: Path, query: str, translate: Translate, **limits: int) -> Answer:
        seconds, memory = self.settings.time_limit.total_seconds(), self.settings.memory

        def refusal(trouble: str) -> QueryRefused:
            told = {"seconds": f"{seconds:g}", "memory": memory, "n": self.settings.at_once, "characters": LONGEST}
            return QueryRefused(translate(TROUBLES[trouble]) % told)

        if not self.settings.enabled:
            raise refusal("off")
        if len(query) > LONGEST:
            raise refusal("long")
        asked = {"file": str(file.absolute()), "query": query, "seconds": seconds, "memory": memory, **limits}
        if not self._turns.acquire(timeout=PATIENCE):
            raise refusal("busy")
        try:
            status, answer = _in_own_process(msgspec.json.encode(asked), seconds + START)
        finally:
            self._turns.release()
        if status != 0:
            raise refusal("slow" if status == -sql_child.ALARM else "broken")
        told = msgspec.json.decode(answer, type=_Told)
        if told.error is not None:
            raise QueryRefused(told.error)
        if told.trouble is not None:
            raise refusal(told.trouble)
        return Answer(told.columns, told.rows, told.more)


def as_csv(answer: Answer) -> str:
    """RFC 4180; a text that a spreadsheet would compute gets an apostrophe before it.

    >>> as_csv(Answer([("n", True), ("text", False)], [["-1", "=1+1"], [None, "a,b"]], False)).splitlines()
    ['n,text', "-1,'=1+1", ',"a,b"']
    """
    out = io.StringIO()
    write = csv.writer(out)
    numbers = [is_number for _, is_number in answer.columns]
    write.writerow([_harmless(name) for name, _ in answer.columns])
    write.writerows(
        [text if number else _harmless(text) for text, number in zip(row, numbers, strict=True)] for row in answer.rows
    )
    return out.getvalue()


def _harmless(text: str | None) -> str | None:
    return f"'{text}" if text is not None and text.startswith(FORMULA) else text


def _in_own_process(question: bytes, seconds: float) -> tuple[int, bytes]:
    """How `sql_child` ended, and what it said."""
    try:
        ended = subprocess.run(  # noqa: S603  our own file
            [sys.executable, "-I", sql_child.__file__],
            input=question,
            capture_output=True,
            env={},  # nothing of the service's, which has passwords in it
            cwd="/",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:  # it never came to set its own alarm
        return -sql_child.ALARM, b""
    return ended.returncode, ended.stdout
