"""What we ask of a Prefect server: a work pool, an orderly beginning, runs as `prefect deployment run` starts."""

from contextlib import suppress
from datetime import UTC, datetime

import psutil
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType, WorkerStatus
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.states import Crashed

LOCAL = ("127.0.0.1", "localhost", "::1")


def connect(api_url: str) -> SyncPrefectClient:
    """A client of the server at `api_url`, to be used as a context."""
    return SyncPrefectClient(api_url)


def release_leftover_runs(client: SyncPrefectClient) -> None:
    """End what an earlier server left open; call it before the worker starts, when nothing can be running.

    A run whose worker was killed stays Running for ever and holds its deployment's concurrency slot. Runs whose time
    passed while the server was down would all start at once; the next one on the schedule does their work.
    """
    states = FlowRunFilterState(
        type=FlowRunFilterStateType(
            any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING, StateType.SCHEDULED]
        )
    )
    for run in client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=states, deployment_id=FlowRunFilterDeploymentId(is_null_=False))
    ):
        if run.state_type is not StateType.SCHEDULED:
            client.set_flow_run_state(run.id, Crashed(message="The worker was killed during this run."), force=True)
        elif run.auto_scheduled and run.expected_start_time and run.expected_start_time < datetime.now(UTC):
            client.delete_flow_run(run.id)


def orphaned_runs(client: SyncPrefectClient, pool: str) -> list[FlowRun]:
    """Runs of deployments that count as running though their process, or every worker of the pool, is dead.

    A process is looked for where the server is on this machine, as its workers are then. The server goes on taking a
    killed worker for one that lives until it has missed three signs of life.
    """
    states = FlowRunFilterState(
        type=FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
    )
    of_deployments = FlowRunFilterDeploymentId(is_null_=False)
    runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(state=states, deployment_id=of_deployments))
    return runs if not _works(client, pool) else [run for run in runs if _process_is_gone(client, run)]


def _works(client: SyncPrefectClient, pool: str) -> bool:
    try:
        workers = client.read_workers_for_work_pool(pool)
    except ObjectNotFound:
        return False
    return any(worker.status == WorkerStatus.ONLINE for worker in workers)


def _process_is_gone(client: SyncPrefectClient, run: FlowRun) -> bool:
    pid = run.infrastructure_pid or ""  # none between the worker's taking it and its process
    return client.api_url.host in LOCAL and pid.isdigit() and not psutil.pid_exists(int(pid))


def ensure_work_pool(client: SyncPrefectClient, name: str) -> None:
    """Create the pool that deployments and the worker meet in, unless it is there."""
    with suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=name, type="process"))


def start_run(client: SyncPrefectClient, deployment: str) -> FlowRun:
    """A run of `deployment` ("flow/name") that a worker takes up at once."""
    return client.create_flow_run_from_deployment(client.read_deployment_by_name(deployment).id)
