"""The two ends of a command's output: what it was asked for, and what a person should know besides."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser

from rich.console import Console
from rich.status import Status

out = Console()
err = Console(stderr=True)


@contextmanager
def step(what: str) -> Iterator[Status]:
    """Say what is going on, and how long it took once it is done."""
    started = time.monotonic()
    with out.status(what) as status:
        yield status
    out.print(f"[green]✓[/] {what} [dim]{time.monotonic() - started:.1f} s[/]", highlight=False)


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
