"""The service with a route that takes its time, one that fails, and something to hand over at the end."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from litestar import get

from api.app import create_app
from api.logs import log_as_service
from api.service import Service
from core.settings import load_settings


@get("/slow", include_in_schema=False)
async def slow(seconds: float) -> dict[str, float]:
    await asyncio.sleep(seconds)
    return {"slept": seconds}


@get("/fail", include_in_schema=False, sync_to_thread=True)
def fail() -> None:
    password = "hunter2"
    raise RuntimeError(f"a surprise of {len(password)} letters")


@asynccontextmanager
async def hand_over() -> AsyncIterator[None]:
    yield
    Path(os.environ["HANDED_OVER"]).write_text("everything")


def create() -> Service:
    settings = load_settings()
    log_as_service(settings.api)
    app = create_app(settings)
    app.register(slow)
    app.register(fail)
    app._lifespan_managers.append(lambda _: hand_over())
    return app
