"""The two ends of a command's output: what it was asked for, and what a person should know besides.

Standard output holds the answer and nothing else: tables and sentences, or with `--json` one JSON object a line.
Progress, warnings, logs and errors go to standard error.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.status import Status

# exit codes beside 0, and 2 for a command that was not understood
WRONG = 1
INTERRUPTED = 130  # as a shell reports a program ended by Ctrl-C

# a flag has one name: what --json switches on is switched off by leaving it out
Flag = Annotated[bool, Parameter(negative=(), show_default=False)]
Json = Annotated[Flag, Parameter(name="--json", help="JSON instead, an object a line.")]
Author = Annotated[str | None, Parameter(help="Who decides it; by default the user of this machine.")]

# what is piped is not folded: a program, or grep, wants one line a row
PIPED_WIDTH = 250
out = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH)
err = Console(stderr=True)


def print_json(answer: Any) -> None:
    """One object on a line of its own; a NaN is null, a moment is ISO 8601, what JSON does not know is its text."""
    sys.stdout.write(msgspec.json.encode(answer, enc_hook=str).decode() + "\n")
    sys.stdout.flush()  # a command that stays up is read while it runs


@contextmanager
def step(what: str) -> Iterator[Status]:
    """Say what is going on, and how long it took once it is done."""
    started = time.monotonic()
    with err.status(what) as status:
        yield status
    err.print(f"[green]✓[/] {what} [dim]{time.monotonic() - started:.1f} s[/]", highlight=False)


def complain(message: str) -> None:
    """One error, as the errors of core.errors want to be shown: as it is."""
    err.print("error:", style="bold red", end=" ")
    err.print(message, markup=False, highlight=False, soft_wrap=True)


def user_name() -> str:
    """Who gives the command: the user of this machine."""
    try:
        return getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        return "unknown"
