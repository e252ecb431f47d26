"""The page Experiment: which arm is better, and who is in which."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, SkipValidation

from api.engine import Engine
from api.pages import experiment_view
from api.pages.shell import AskedUser, Shelled
from core.settings import Settings
from experiments.report_files import reported


@get("/experiment", sync_to_thread=True)
def experiment(
    shell: Shelled,
    engine: NamedDependency[SkipValidation[Engine]],
    settings: NamedDependency[SkipValidation[Settings]],
    name: FromQuery[str | None] = None,
    user: AskedUser = None,
) -> Response[Any]:
    """The verdict and all that it rests on; or for htmx, where a user falls."""
    assigned = None if user is None else experiment_view.assigned(engine, user)
    if shell.request.htmx:
        return shell.page("experiment_assigned.html", assigned=assigned)
    plan = engine.experiment.plan
    return shell.page(
        "experiment.html",
        plan=plan,
        shown=experiment_view.last_report(settings, plan, name),
        names=reported(settings),
        changes=experiment_view.history(settings, away=shell.source_is_away),
        assigned=assigned,
    )


@get("/experiment/{name:str}/{picture:str}", sync_to_thread=True)
def picture(
    shell: Shelled, settings: NamedDependency[SkipValidation[Settings]], name: FromPath[str], picture: FromPath[str]
) -> Response[Any]:
    """A picture of the report, as `days.svg`."""
    return shell.picture(experiment_view.picture(settings, name, picture.removesuffix(".svg")))


HANDLERS = [experiment, picture]
