"""`[flows]`, `[prefect]`, `[doctor]`: who runs the flows, and from where on the doctor warns."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from core.sections.section import Section


class FlowSettings(Section):
    """Who does what flows can divide: embedding, and the recommendations of all users."""

    runner: Literal["local", "dask"] = Field("local", description="dask: processes, here or on other machines")
    workers: int = Field(2, ge=1, le=256, description="processes that dask starts on this machine")
    scheduler: str | None = Field(
        None, description="address of a running dask scheduler; its workers see `home` under the same path"
    )


class PrefectSettings(Section):
    """The Prefect server that `feedrank up` and `feedrank demo` start."""

    port: int = Field(4200, ge=1, le=65_535, description="or the next free one above it")
    pages: str | None = Field(
        None,
        pattern=r"^https?://[^\s]+$",
        description="address of its pages; None: of the server that feedrank started",
    )


class DoctorSettings(Section):
    """From where on `feedrank doctor` warns."""

    snapshot_age: timedelta = Field(timedelta(hours=26), gt=timedelta(0), description="age of what is served")
    event_age: timedelta = Field(timedelta(hours=26), gt=timedelta(0), description="age of the source's newest event")
    spool_age: timedelta = Field(timedelta(minutes=10), gt=timedelta(0), description="how long exposures have waited")
