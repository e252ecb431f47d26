"""How fast, how even and how independent is the assignment? Ten million ids, as a network numbers its users.

Balance: how far each arm's count is from its weight, in standard errors of a fair draw. Independence: how two salts'
arms correlate, in standard errors. Told is the worst of several salts, weights and pairs of salts, for ids in a
row and for ids spread over 64 bits.
"""

import sys
import time
from itertools import combinations
from math import sqrt
from timeit import timeit

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from benchmarks.report import Row, report
from core import clock
from core.settings import ExperimentSettings
from experiments.assignment import assign, assign_many
from experiments.plan import Plan

IDS = 10_000_000
CALLS = 100_000
WEIGHTS = ({"control": 0.5, "test": 0.5}, {"control": 0.9, "test": 0.1}, {"control": 0.2, "test": 0.3, "third": 0.5})
SALTS = ("text-embeddings-1", "text-embeddings-2", "another")


def main() -> bool:
    """Measure; True when every bound holds."""
    plan = Plan.begin(ExperimentSettings(), clock.now())
    in_a_row = np.arange(1, IDS + 1)
    spread = np.random.default_rng(0).integers(-(2**63), 2**63, IDS)
    started = time.perf_counter()
    assign_many(plan, in_a_row)
    seconds = time.perf_counter() - started
    rows = [
        Row("all at once", seconds, f"s for {IDS:,} ids", "< 10"),
        Row("one by one", 1e6 * timeit(lambda: assign(plan, 163_205), number=CALLS) / CALLS, "µs an id"),
    ]
    for name, ids in (("in a row", in_a_row), ("spread", spread)):
        plans = [replace(plan, salt=salt, weights=weights) for salt in SALTS for weights in WEIGHTS]
        off = max(_imbalance(one, assign_many(one, ids)[0]) for one in plans)
        tests = [assign_many(replace(plan, salt=salt), ids)[0] for salt in SALTS]
        together = max(_correlation(one, other) for one, other in combinations(tests, 2))
        rows += [
            Row(f"ids {name}: balance", off, "standard errors", "<= 3"),
            Row(f"ids {name}: correlation of two salts", together, "standard errors", "<= 3"),
        ]
    return report("assignment", rows)


def _imbalance(plan: Plan, arms: NDArray[np.int8]) -> float:
    """The furthest that an arm's count is from its expectation, in standard errors of a binomial."""
    counts = np.bincount(arms, minlength=len(plan.arms))
    weights = np.array([plan.weights[arm] for arm in plan.arms])
    errors = np.sqrt(len(arms) * weights * (1 - weights))
    return float((np.abs(counts - len(arms) * weights) / errors).max())


def _correlation(one: NDArray[np.int8], other: NDArray[np.int8]) -> float:
    """The size of the correlation of two arms of 0 and 1, in its standard error 1 / sqrt(n) under independence."""
    return float(abs(np.corrcoef(one, other)[0, 1]) * sqrt(len(one)))


if __name__ == "__main__":
    sys.exit(not main())
