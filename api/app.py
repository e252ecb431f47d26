"""The composition root: everything the service consists of meets here and nowhere else.

Start it with `python -m api`, which takes address and workers from the settings, or with
`uvicorn --factory api.app:create_app_from_environment --no-access-log`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.router import Router

from api import problems
from api.access import scopes
from api.access.door import Door
from api.actions import ActionWriter, OnActions
from api.engine import Engine
from api.exposures import ExposureLog
from api.follow import Follower
from api.logs import log_as_service
from api.pages.router import router as pages
from api.replica import Replica
from api.routes import experiments, feed_actions, health, measurements, posts, recommendations, snapshot, users
from api.service import Service
from api.status import Status
from core import clock
from core.settings import Settings, SnapshotSettings, load_settings


def create_app(settings: Settings) -> Service:
    """The service over the snapshots in `settings.home`. Without one it starts too, and says that it is not ready."""
    settings = settings.for_api()
    replica = Replica(settings)
    # the engine looks at this machine's folder alone: requests never wait for the store
    engine = Engine(settings.model_copy(update={"snapshots": SnapshotSettings()}))
    follower = Follower(settings, engine.experiment)
    on_actions: list[OnActions] = [follower.notice]
    actions = ActionWriter(settings, on_actions)
    exposures = ExposureLog(settings)
    engine.exposures = exposures if settings.api.exposures else None
    engine.before_serving = follower.bind
    door = Door(settings)
    status = Status(engine, lambda: follower.state, exposures, lambda: follower.lag, lambda: replica.state)

    @asynccontextmanager
    async def watch_snapshots(_: Litestar) -> AsyncIterator[None]:
        replica.start()
        engine.start()
        follower.start()
        try:
            async with status.sampling():
                yield
        finally:
            replica.stop()
            engine.stop()
            follower.stop()

    @asynccontextmanager
    async def keep_exposures(_: Litestar) -> AsyncIterator[None]:
        exposures.start()  # also when none are recorded: the spool may hold some, and feed actions need its tables
        try:
            yield
        finally:
            exposures.stop()
            actions.close()

    return Service(
        route_handlers=[
            recommendations.recommend,
            recommendations.batch,
            recommendations.popular,
            feed_actions.write,
            users.user,
            users.feed,
            posts.post,
            posts.feed,
            posts.similar,
            experiments.experiment,
            experiments.page,
            snapshot.snapshot,
            health.live,
            health.ready,
            measurements.metrics,
            pages(status),
        ],
        lifespan=[watch_snapshots, keep_exposures],
        dependencies={
            "actions": Provide(lambda: actions, sync_to_thread=False),
            "door": Provide(lambda: door, sync_to_thread=False),
            "engine": Provide(lambda: engine, sync_to_thread=False),
            "status": Provide(lambda: status, sync_to_thread=False),
            "settings": Provide(lambda: settings, sync_to_thread=False),
            "serving": Provide(lambda: engine.serving, sync_to_thread=False),
        },
        middleware=[door.around],
        plugins=[problems.plugin()],
        exception_handlers={ValidationException: problems.answer_bad_parameters},
        openapi_config=OpenAPIConfig(
            title="feedrank",
            version=version("feedrank"),
            description="Recommendations for a social network's feed, each user in one arm of an A/B experiment.",
            use_handler_docstrings=True,
            # files only: the viewers that Litestar can serve load their scripts from elsewhere
            render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
            components=scopes.described(),
            openapi_router=Router("/schema", route_handlers=[], include_in_schema=False, security=scopes.RECOMMEND),
        ),
        request_max_body_size=problems.LARGEST_BODY,
        slow=settings.api.slow_request.total_seconds(),
        logging_config=None,
        debug=False,
    )


def create_app_from_environment() -> Service:
    """For `uvicorn --factory`: settings from `feedrank.toml` and the environment, logs to standard error."""
    settings = load_settings()
    log_as_service(settings.api)
    clock.now()  # a wrong FEEDRANK_CLOCK is told here
    return create_app(settings)
