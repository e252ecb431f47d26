"""`[api]`, `[sql]`: the HTTP service and the box for SQL on its pages."""

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from core.sections.section import Section


class ApiSettings(Section):
    """The HTTP service."""

    host: str = Field("127.0.0.1", description="another than this machine's own needs keys: feedrank keys create")
    port: int = Field(8000, ge=1, le=65_535)
    dsn: SecretStr | None = Field(
        None, description="the source's address with a role for the API alone; None: that of source.dsn"
    )
    ask_keys: bool = Field(True, description="False: keys are not asked for, on this machine's own address alone")
    rate_limit: float | None = Field(
        None,
        gt=0,
        description="requests a second that a worker answers to one key, or to one address where no key is asked for; "
        "None: 1,000, and on this machine's own address no limit",
    )
    certfile: Path | None = Field(None, description="certificate and those it rests on, PEM; None: no TLS")
    keyfile: Path | None = Field(None, description="its private key, PEM; None: it is in certfile")
    workers: int = Field(1, ge=1, le=64)
    reload_interval: timedelta = Field(timedelta(seconds=1), gt=timedelta(0), description="how often `current` is read")
    exposures: bool = Field(True, description="False: what is shown is not recorded")
    exposure_interval: timedelta = Field(
        timedelta(milliseconds=250), gt=timedelta(0), le=timedelta(milliseconds=750), description="between two syncs"
    )
    exposure_queue: int = Field(1_000_000, ge=1, description="exposures held in memory while the disk takes none")
    warm_up_limit: timedelta = Field(
        timedelta(seconds=30), gt=timedelta(0), description="a new snapshot that takes longer to get ready is refused"
    )
    log_format: Literal["auto", "json", "text"] = Field("auto", description="auto: text in a terminal, JSON elsewhere")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug: a line a request")
    slow_request: timedelta = Field(timedelta(seconds=1), gt=timedelta(0), description="a slower one is logged")
    follow: bool = Field(True, description="False: what happens after the snapshot is not looked at")
    follow_interval: timedelta = Field(
        timedelta(milliseconds=500), gt=timedelta(0), description="how often new events and users are looked for"
    )
    follow_posts_interval: timedelta = Field(
        timedelta(seconds=5), gt=timedelta(0), description="how often new posts are looked for"
    )
    follow_events: int = Field(1_000_000, ge=1, description="events after the snapshot that a worker remembers")

    @model_validator(mode="after")
    def _no_key_without_certificate(self) -> Self:
        if self.keyfile is not None and self.certfile is None:
            raise ValueError("api.keyfile belongs to a certificate; set api.certfile too")
        return self


class SqlSettings(Section):
    """The box for SQL on the page Data: each query is a process of its own, within these limits."""

    enabled: bool = Field(True, description="False: there is no such box")
    time_limit: timedelta = Field(timedelta(seconds=10), gt=timedelta(0), le=timedelta(minutes=5))
    memory: int = Field(512, ge=128, le=65_536, description="MiB that a query may use")
    rows: int = Field(1_000, ge=1, le=10_000, description="most rows shown on the page")
    csv_rows: int = Field(100_000, ge=1, le=1_000_000, description="most rows of a file")
    at_once: int = Field(2, ge=1, le=16, description="queries that a worker of the service runs at the same time")
