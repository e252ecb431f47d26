"""Ingest: bring the warehouse up to date and do nothing else.

For the first copy of a large source, which is better done alone than in front of a training, and for whatever happened
to the source's past: each copy looks at the last days only, this one compares all of them, and with `repair` copies
those that differ again. Every night it does so by itself, before the training. It publishes nothing, so what is being
served stays as it is; the days are aggregated so that the next refresh or retrain starts from a consistent warehouse.
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
    repair: Annotated[bool, Field(description="Copy the days again that differ from the source")] = False,
) -> None:
    """Copy the source's tables into the warehouse, without training or publishing."""
    with warehouse_run() as settings:
        copy_tables(settings, full, "repair" if repair else "all")
        with connect(settings) as warehouse:
            aggregate_days(warehouse)
