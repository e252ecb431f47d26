"""Ingest: bring the warehouse up to date and do nothing else.

For the first copy of a large source, which is better done alone than in front of a training, and for a full copy after
somebody has changed history in the source. It publishes nothing, so what is being served stays as it is; the days are
aggregated so that the next refresh or retrain starts from a consistent warehouse.
"""

from typing import Annotated

from prefect import flow
from pydantic import Field

from flows.runs import warehouse_run
from flows.tasks import aggregate_days, copy_tables
from warehouse.connection import connect


@flow(name="ingest", timeout_seconds=4 * 3600)
def ingest(
    full: Annotated[bool, Field(description="Copy all events again instead of those since the last copy")] = False,
) -> None:
    """Copy the source's tables into the warehouse, without training or publishing."""
    with warehouse_run() as settings:
        copy_tables(settings, full)
        with connect(settings) as warehouse:
            aggregate_days(warehouse, everything=full)
