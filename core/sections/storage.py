"""`[warehouse]`, `[object_store]`, `[snapshots]`: where data are kept on this machine and beyond it."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from core.sections.section import Section


class WarehouseSettings(Section):
    """The DuckDB warehouse and what a copy accepts. With a `catalog` it is a DuckLake, for many machines."""

    catalog: SecretStr | None = Field(None, description="PostgreSQL address of its catalogue; None: one file in `home`")
    data_path: str | None = Field(
        None, min_length=1, description="where a DuckLake's Parquet files are: s3://bucket/prefix, or a shared folder"
    )
    keep_versions: timedelta = Field(
        timedelta(days=7), ge=timedelta(0), description="how long a DuckLake's earlier versions can be read"
    )
    overlap: timedelta = Field(
        timedelta(days=1), ge=timedelta(0), description="how far back a copy looks for late events"
    )
    rejected_limit: float = Field(0.05, ge=0, le=1, description="largest share of rejected rows a run accepts")
    future_tolerance: timedelta = Field(timedelta(minutes=5), ge=timedelta(0), description="clock skew allowed")
    lock_wait: timedelta = Field(timedelta(minutes=10), ge=timedelta(0), description="how long a run waits for another")
    memory_limit: str = Field("2GB", pattern=r"^\d+(\.\d+)?\s*[KMGT]i?B$")
    threads: int | None = Field(None, ge=1, le=256, description="None: as many as there are cores")

    @model_validator(mode="after")
    def _catalog_has_data(self) -> Self:
        if (self.catalog is None) != (self.data_path is None):
            raise ValueError("warehouse.catalog and warehouse.data_path make a DuckLake together; set both or neither")
        return self


class ObjectStoreSettings(Section):
    """How to reach the S3-compatible storage that s3:// addresses are of."""

    endpoint: str | None = Field(None, pattern=r"^https?://.+", description="None: Amazon's, of the region")
    region: str = "us-east-1"
    key_id: str | None = None
    secret: SecretStr | None = None
    url_style: Literal["path", "vhost"] = Field("path", description="where the bucket's name goes in an address")
    allow_http: bool = Field(False, description="True: an endpoint without TLS is accepted")

    @model_validator(mode="after")
    def _no_plain_http_unasked(self) -> Self:
        if self.endpoint is not None and self.endpoint.startswith("http://") and not self.allow_http:
            raise ValueError("object_store.endpoint has no TLS; use https://, or set object_store.allow_http")
        return self


class SnapshotSettings(Section):
    """Where snapshots are shared between machines."""

    store: str | None = Field(
        None, pattern=r"^s3://[^/]+(/.*)?$", description="s3://bucket/prefix; None: they stay in `home`"
    )
