"""What every flow run that touches the warehouse begins with."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.runtime import flow_run

from core.logging import ROOT
from core.process import die_with_parent
from core.settings import Settings, load_settings
from warehouse.lock import warehouse_lock

STARTED_BY_WORKER = "PREFECT__FLOW_RUN_ID"  # set in the process that a worker starts for a run


@contextmanager
def warehouse_run() -> Iterator[Settings]:
    """Settings of this run, while it holds the warehouse. Another run waits for it, or ends with WarehouseBusy.

    Prefect's own limits are not enough for this: they know deployments, not a command at a terminal, and a worker that
    was killed keeps its place in them. The lock is the kernel's, and ends with the process that holds it.
    """
    if STARTED_BY_WORKER in os.environ:
        die_with_parent()  # when its worker is killed it can report to nobody, and would go on holding the lock
    logging.getLogger(ROOT).setLevel(logging.INFO)  # Prefect takes our records to the run's log, but warnings only
    settings = load_settings()
    with warehouse_lock(settings, owner=f"{flow_run.flow_name} {flow_run.name}"):
        yield settings


def run_id() -> str:
    """The id that rows written by this run carry: Prefect's, so that a person can look the run up."""
    return str(flow_run.id)
