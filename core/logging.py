"""One way to log: standard loggers below `feedrank`, set up once by each program that starts.

Library code calls `get_logger(__name__)` and nothing else, so that Prefect, uvicorn and tests each collect the records
in their own way.
"""

import logging

from rich.console import Console
from rich.logging import RichHandler

ROOT = "feedrank"


def get_logger(module: str) -> logging.Logger:
    """The logger of one of our modules, below the common root."""
    return logging.getLogger(f"{ROOT}.{module}")


def log_to_terminal(level: int = logging.INFO) -> None:
    """Send our records to standard error, for a person to read. Calling it again changes the level only."""
    root = logging.getLogger(ROOT)
    root.setLevel(level)
    if not root.handlers:
        root.addHandler(RichHandler(console=Console(stderr=True), show_path=False, rich_tracebacks=True))
