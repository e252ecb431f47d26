"""How the service logs: JSON lines for a machine, or readable ones for a person in front of a terminal.

Our modules log as all of feedrank does (`core.logging`), and uvicorn in its own way; both end in one handler of the
root logger, where structlog shapes the line. `request_id` is in every line that a request causes, also in threads.
"""

import logging
import os
import sys
from contextvars import ContextVar

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from core.logging import ROOT
from core.settings import ApiSettings

request_id: ContextVar[str] = ContextVar("request_id")

UVICORN = ("uvicorn", "uvicorn.error", "uvicorn.asgi")
# it tells whole queries; `api.service` has lines of requests
UVICORN_ACCESS = "uvicorn.access"


def log_as_service(settings: ApiSettings) -> None:
    """Send every record of this process to standard error, in the format that the settings say."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ExtraAdder(),
            _add_origin,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(settings)],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    level = settings.log_level.upper()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(ROOT).setLevel(level)
    for name in (*UVICORN, UVICORN_ACCESS):  # started by itself, uvicorn has given these handlers of their own
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != UVICORN_ACCESS
    logging.getLogger("uvicorn").setLevel(logging.INFO)


def _renderers(settings: ApiSettings) -> list[Processor]:
    as_text = sys.stderr.isatty() if settings.log_format == "auto" else settings.log_format == "text"
    if as_text:
        # tracebacks without the values of variables: one may be an address with its password
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _add_origin(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Which request and which worker a line is about."""
    event.pop("color_message", None)  # uvicorn's, for its own formatter
    event["worker"] = os.getpid()
    if (about := request_id.get(None)) is not None:
        event["request_id"] = about
    return event
