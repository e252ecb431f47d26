"""How long does the demo take and how much memory, and do its rankers beat popularity?

Runs `feedrank demo --once` in a new home folder, as a newcomer would after installation, and adds up the memory of all
its processes (proportional set size: a page that n processes share counts 1/n in each) twice a second.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import psutil

from benchmarks.report import Row, report
from core.columns import ARMS
from ranking.baselines import RIVALS


def main() -> bool:
    """Run the demo once; True when every bound holds."""
    with tempfile.TemporaryDirectory() as home:
        seconds, peak = _run(Path(home))
        hitrates = _hitrates(Path(home))
    best_baseline = max(hitrates[name] for name in RIVALS)
    return report(
        "demo",
        [
            Row("feedrank demo --once", seconds, "s", "<= 240"),
            Row("peak memory of all processes", peak / 2**30, "GiB", "<= 4"),
            *(Row(f"hitrate@5 over all posts, {name}", value, "share of users") for name, value in hitrates.items()),
            *(
                Row(f"{arm} / best of {', '.join(RIVALS)}", hitrates[arm] / best_baseline, "ratio", "> 1")
                for arm in ARMS
            ),
        ],
    )


def _run(home: Path) -> tuple[float, int]:
    """Seconds, and the peak of the summed memory in bytes."""
    started, peak = time.perf_counter(), 0
    command = [sys.executable, "-m", "feedrank.cli", "demo", "--once"]
    demo = subprocess.Popen(command, env={**os.environ, "FEEDRANK_HOME": str(home)})
    while demo.poll() is None:
        peak = max(peak, _memory(demo.pid))
        time.sleep(0.5)
    if demo.returncode != 0:
        raise SystemExit(f"the demo ended with {demo.returncode}")
    return time.perf_counter() - started, peak


def _memory(pid: int) -> int:
    total = 0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:  # ended since, or another user's
            continue
    return total


def _hitrates(home: Path) -> dict[str, float]:
    with duckdb.connect(str(home / "snapshots" / "current" / "features.duckdb"), read_only=True) as snapshot:
        rows = snapshot.sql("SELECT arm, value FROM evaluation WHERE metric = 'hitrate@5_all'").fetchall()
    return dict(rows)


if __name__ == "__main__":
    sys.exit(not main())
