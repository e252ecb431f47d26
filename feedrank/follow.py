"""Showing a person how a flow run goes, until it ends."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterType, FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, TaskRun
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from core.errors import RunFailed

POLL = 0.5  # seconds
EARLY = datetime.min.replace(tzinfo=UTC)


def follow(client: SyncPrefectClient, run: FlowRun, console: Console, check: Callable[[], None]) -> FlowRun:
    """Show the tasks of `run` as they begin, advance and end; return it when it has completed.

    `check` is called all along: it raises when the run cannot go on, as when its worker has ended.

    Raises:
        RunFailed: it ended in any other way; carries the state's message.
    """
    steps = Steps(client, run.id, console)
    with steps.progress:
        while True:
            check()
            current = client.read_flow_run(run.id)
            steps.update(current)
            if current.state is not None and current.state.is_final():
                break
            time.sleep(POLL)
    if not current.state.is_completed():
        raise RunFailed(f"run {current.name} ended as {current.state.name}: {current.state.message}")
    return current


class Steps:
    """One line a task run: its name, how far it is by its progress artifact, how long it takes."""

    def __init__(self, client: SyncPrefectClient, run_id: UUID, console: Console) -> None:
        self._client = client
        self._run_id = run_id
        self._console = console
        self._rows: dict[UUID, TaskID] = {}
        self._done: set[UUID] = set()
        self.progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._waiting = self.progress.add_task("waiting for the worker", total=None)

    def update(self, run: FlowRun) -> None:
        """Read what has changed since the last call and draw it."""
        if run.start_time is not None:
            self.progress.update(self._waiting, visible=False)
        by_id = FlowRunFilter(id=FlowRunFilterId(any_=[self._run_id]))
        percents = self._percents(by_id)
        for task in sorted(self._client.read_task_runs(flow_run_filter=by_id), key=lambda task: task.created or EARLY):
            if task.id not in self._rows:
                self._rows[task.id] = self.progress.add_task("", total=None)
            self.progress.update(self._rows[task.id], description=task.name)  # a task gets its name after it is created
            if task.id in percents:
                self.progress.update(self._rows[task.id], total=100, completed=percents[task.id])
            if task.state is not None and task.state.is_final():
                self._finish(task)

    def _percents(self, by_id: FlowRunFilter) -> dict[UUID, float]:
        only_progress = ArtifactFilter(type=ArtifactFilterType(any_=["progress"]))
        artifacts = self._client.read_artifacts(artifact_filter=only_progress, flow_run_filter=by_id)
        return {artifact.task_run_id: float(str(artifact.data)) for artifact in artifacts if artifact.task_run_id}

    def _finish(self, task: TaskRun) -> None:
        if task.id in self._done:
            return
        self._done.add(task.id)
        row = self._rows[task.id]
        if task.state is not None and task.state.is_completed():
            self.progress.update(row, total=100, completed=100)
        self.progress.stop_task(row)
        if not self._console.is_terminal:  # bars are for terminals; a log gets a line a step
            outcome = task.state.name if task.state else "unknown"
            self._console.print(f"{task.name}: {outcome} after {task.total_run_time.total_seconds():.1f} s")
