"""How every benchmark answers: a table for the person who ran it, and the same rows as JSON for whoever compares."""

import json
import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
COMPARISONS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq}


@dataclass(frozen=True)
class Row:
    """One measured figure. `bound` is a comparison and a number, such as "<= 1.25"; None: it is told, not judged."""

    name: str
    value: float
    unit: str
    bound: str | None = None

    @property
    def holds(self) -> bool | None:
        if self.bound is None:
            return None
        comparison, limit = self.bound.split()
        return bool(COMPARISONS[comparison](self.value, float(limit)))


def timed(work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def report(name: str, rows: Sequence[Row]) -> bool:
    """Print `rows` and write them to `benchmarks/results/<name>.json`; True when every bound holds."""
    table = Table("figure", "value", "unit", "bound", "holds", title=name)
    for row in rows:
        verdict = {None: "", True: "[green]yes", False: "[red]no"}[row.holds]
        table.add_row(
            row.name, f"{row.value:,.4g}" if row.value < 1000 else f"{row.value:,.0f}", row.unit, row.bound, verdict
        )
    Console().print(table)
    RESULTS.mkdir(exist_ok=True)
    content = [
        {"name": row.name, "value": row.value, "unit": row.unit, "bound": row.bound, "holds": row.holds} for row in rows
    ]
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return all(row.holds is not False for row in rows)
