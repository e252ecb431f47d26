"""Who does what a flow can divide: threads of the run itself, or processes that Dask knows, as `flows.runner` says.

Each part is a Prefect task, so that it is seen in the run with its time and its failure. What it works on it reads from
files, and what it makes it leaves in one: a task is handed names and numbers only. Workers have one thread each.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from threadpoolctl import threadpool_limits

from core.errors import SettingsError
from core.settings import Settings
from core.spread import Done, Part, Spread

if TYPE_CHECKING:
    from prefect_dask.task_runners import DaskTaskRunner


@contextmanager
def fan_out(settings: Settings) -> Iterator[Spread | None]:
    """A spread over Dask's workers for as long as it is needed; None: the steps use threads of this process.

    Raises:
        SettingsError: dask is wanted, and it is not installed.
    """
    if settings.flows.runner == "local":
        yield None
        return
    with _runner(settings) as runner:
        yield OnDask(runner, copy_context())


@dataclass(frozen=True)
class OnDask:
    """Over the workers of a started task runner."""

    runner: "DaskTaskRunner"
    of_run: Context  # as it was outside of any task: a task's own goes to workers, and holds the warehouse's connection

    def __call__(self, function: Callable[[Part], Done], parts: Sequence[Part], /) -> Iterator[Done]:
        """Every part is submitted at once; results come in the order of the parts."""
        futures = [self.of_run.run(self.runner.submit, do_part, {"function": function, "part": part}) for part in parts]
        for future in futures:
            yield cast("Done", future.result())  # Prefect's types tell of its own results only


@task(name="part", cache_policy=NO_CACHE, persist_result=False)
def do_part(function: Callable[[Part], Done], part: Part) -> Done:
    """Call the function in a worker, with one thread: others do the other parts."""
    with threadpool_limits(limits=1):
        return function(part)


def _runner(settings: Settings) -> "DaskTaskRunner":
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        raise SettingsError(
            "flows.runner = 'dask', and prefect-dask is not installed; install feedrank[dask], or set it to 'local'"
        ) from None
    if settings.flows.scheduler:
        return DaskTaskRunner(address=settings.flows.scheduler)
    # each worker's threads of BLAS and torch are one as well: dask sets OMP_NUM_THREADS before it starts them
    workers = {
        "n_workers": settings.flows.workers,
        "threads_per_worker": 1,
        "processes": True,
        "dashboard_address": None,
    }
    return DaskTaskRunner(cluster_kwargs=workers)
