"""One query over a snapshot's file, in a process of its own: told on standard input, answered on standard output.

Run as a script with `python -I` and an empty environment, it imports nothing of ours. DuckDB's own limits come first,
as their errors say what went wrong. Behind them stand those of the kernel, for DuckDB checks neither memory nor time
within one call of a function: `repeat('x', 4000000000)` takes four gigabytes and a minute whatever it has been told.
"""

import json
import os
import resource
import signal
import sys
import threading
from ctypes import c_float
from typing import Any

import duckdb

# address space that Python and DuckDB take before they do anything, in bytes
OWN = 1 << 30
NICE = 15  # recommendations come first
GRACE = 1.0  # seconds between DuckDB's being told to stop and the end of the process
ALARM = int(signal.SIGALRM)  # what ends it then
BATCH = 100  # rows taken at once
NUMBERS = {f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")}
NUMBERS |= {"INTEGER", "UINTEGER", "FLOAT", "DOUBLE", "DECIMAL"}


def main() -> None:
    """Answer one question."""
    asked = json.loads(sys.stdin.buffer.read())
    confine(asked["memory"] << 20, asked["seconds"])
    try:
        answer = ask(asked)
    except duckdb.InterruptException:
        answer = {"trouble": "slow"}
    except (MemoryError, duckdb.OutOfMemoryException):
        answer = {"trouble": "large"}
    except duckdb.Error as error:
        answer = {"error": str(error)}
    sys.stdout.buffer.write(json.dumps(answer).encode())


def confine(memory: int, seconds: float) -> None:
    """Limits of the kernel's: this process cannot outlive, outgrow or outrun them, nor write to any file."""
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (memory + OWN, memory + OWN))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.setitimer(signal.ITIMER_REAL, seconds + GRACE)


def ask(asked: dict[str, Any]) -> dict[str, Any]:
    """The columns and the first rows of the answer, as texts."""
    with open_alone(asked["file"], asked["memory"]) as database:
        statements = database.extract_statements(asked["query"])
        # nothing else: even EXPLAIN ANALYZE would run a COPY, to the one file that stays open to it
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            return {"trouble": "several" if len(statements) > 1 else "writes" if statements else "nothing"}
        stop = threading.Timer(asked["seconds"], database.interrupt)
        stop.start()
        try:
            found = database.execute(statements[0])
            columns = [(name, is_number(str(kind))) for name, kind, *_ in found.description or ()]
            rows, more = take(found, asked["rows"], asked["characters"], asked["cell"])
        finally:
            stop.cancel()
        return {"columns": columns, "rows": rows, "more": more}


def open_alone(file: str, memory: int) -> duckdb.DuckDBPyConnection:
    """The file, to be read only, in a DuckDB that can reach nothing else and cannot be told otherwise."""
    database = duckdb.connect(
        config={
            "memory_limit": f"{memory}MiB",
            "threads": 1,
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    folder, name = os.path.split(file)
    os.chdir(folder)
    database.execute(f"ATTACH '{name}' AS features (READ_ONLY)")
    database.execute(
        "USE features; SET python_enable_replacements = false; SET enable_external_access = false; "
        "SET lock_configuration = true"
    )
    return database


def take(
    found: duckdb.DuckDBPyConnection, most: int, characters: int, cell: int
) -> tuple[list[list[str | None]], bool]:
    """The first rows, and whether there are more."""
    kinds = [str(kind) for _, kind, *_ in found.description or ()]
    rows: list[list[str | None]] = []
    while batch := found.fetchmany(BATCH):
        for row in batch:
            if len(rows) == most or characters <= 0:
                return rows, True
            told = [shorten(text_of(value, kind), cell) for value, kind in zip(row, kinds, strict=True)]
            characters -= sum(len(text) for text in told if text)
            rows.append(told)
    return rows, False


def text_of(value: object, kind: str) -> str | None:
    """As it is written in a table, a number of a type with as many digits as tell it from its neighbours."""
    if value is None:
        return None
    if kind == "FLOAT":
        written = (f"{value:.{digits}g}" for digits in range(6, 10))
        return next((text for text in written if c_float(float(text)).value == value), str(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def shorten(text: str | None, cell: int) -> str | None:
    """The beginning of a long text."""
    return text if text is None or len(text) <= cell else text[: cell - 1] + "…"


def is_number(kind: str) -> bool:
    """Whether a type of DuckDB's is that of numbers."""
    return kind.partition("(")[0] in NUMBERS


if __name__ == "__main__":
    main()
