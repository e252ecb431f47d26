"""Seconds and peak memory of the stages of a run, which may lie within each other.

The peak is the kernel's high-water mark of the process, set back whenever a stage begins or ends (Linux: "5" written to
/proc/self/clear_refs), so that each stage has its own, mapped files included.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

PROCESS = Path("/proc/self")


@dataclass
class Stage:
    """What one stage took; of its processor time, that of all threads."""

    seconds: float = 0.0
    processor: float = 0.0
    peak: int = 0  # bytes


class Stages:
    """The stages of one process. The name of one within another is `outer/inner`."""

    def __init__(self) -> None:
        self.taken: dict[str, Stage] = {}
        self._open: list[tuple[str, Stage]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the block; the same name again adds to it."""
        if self._open:
            name = f"{self._open[-1][0]}/{name}"
        stage = self.taken.setdefault(name, Stage())
        self._mark()
        self._open.append((name, stage))
        started, processor = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            stage.seconds += time.perf_counter() - started
            stage.processor += time.process_time() - processor
            self._mark()
            self._open.pop()
            print(f"{name}: {stage.seconds:.1f} s, {stage.processor:.1f} s of processor, {stage.peak / 2**30:.2f} GiB")

    def listen(self, module: ModuleType, function: str, name: str) -> None:
        """Make a stage of every call that `module` makes to one of its names from now on."""
        original: Callable[..., Any] = getattr(module, function)

        @wraps(original)
        def measured(*positional: Any, **named: Any) -> Any:
            with self.stage(name):
                return original(*positional, **named)

        setattr(module, function, measured)

    def _mark(self) -> None:
        peak = _high_water()
        for _, stage in self._open:
            stage.peak = max(stage.peak, peak)
        (PROCESS / "clear_refs").write_text("5")


def _high_water() -> int:
    """The most memory that this process has had since the mark was set back, in bytes."""
    for line in (PROCESS / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel tells no VmHWM")
