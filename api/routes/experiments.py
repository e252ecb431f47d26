"""What an experiment has shown, from the files that the report flow writes."""

from http import HTTPStatus
from typing import Annotated

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import PathParameter, SkipValidation

from api.access.scopes import RECOMMEND
from api.problems import MEANINGS, documented
from core.settings import Settings
from experiments.report_files import read_page, read_report
from experiments.report_schema import Report

TAGS = ["experiments"]
PROBLEMS = documented(
    HTTPStatus.NOT_FOUND, meanings={**MEANINGS, HTTPStatus.NOT_FOUND: "No such experiment has been reported on yet."}
)
ExperimentPath = Annotated[
    str,
    PathParameter(
        name="name",
        description="Name of the experiment, as in the settings.",
        examples=[Example(summary="that of the settings", value="text-embeddings")],
    ),
]


# both in a thread: they read files
@get(
    "/experiments/{name:str}",
    sync_to_thread=True,
    tags=TAGS,
    summary="Which arm is better?",
    responses=PROBLEMS,
    security=RECOMMEND,
)
def experiment(settings: NamedDependency[SkipValidation[Settings]], name: ExperimentPath) -> Report:
    """The experiment's last report: the verdict, and everything that it rests on."""
    return read_report(settings, name)


@get(
    "/experiments/{name:str}/report",
    sync_to_thread=True,
    tags=TAGS,
    summary="The same as a page with pictures",
    media_type=MediaType.HTML,
    responses=PROBLEMS,
    security=RECOMMEND,
)
def page(settings: NamedDependency[SkipValidation[Settings]], name: ExperimentPath) -> Response[bytes]:
    """One file of HTML that needs nothing beside it."""
    return Response(read_page(settings, name), media_type=MediaType.HTML)
