"""Which way of fitting the trees is best? One change at a time to what `ranking.train` does, over the same base scores.

For each variant, the true probability of the top five of a sample of users as a share of the way from posts at random
to the oracle (see `benchmarks.yardstick`), and its difference to the trees as they are, with a 95 % interval over
resampled users. In a world that stays as it is little is left to correct; in one whose popularity changes by the week,
much. The arm is `test`. A group of the pairwise loss is one user's views of one day. The time of the trees as they are
and of another window has the choice of their number in it; the others grow as many.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.arena import Arena, Raw, Rows, Served
from benchmarks.report import Row, report
from benchmarks.world import WORLDS
from core.settings import Settings
from ranking.intervals import bootstrap_ratios
from simulation.world import simulate
from warehouse.connection import connect

AS_IT_IS = "as it is"
WINDOWS = (7,)  # days, instead of the default
SEEDS = (0, 1)


def as_it_is(rows: Rows) -> Raw:
    """Log loss over what the base says, as many trees as foretell the last days best, of all days."""
    return rows.fit(rows.pool())


def a_hundred(rows: Rows) -> Raw:
    """100 trees, whatever the last days say."""
    return rows.fit(rows.pool(), iterations=100)


def no_trees(rows: Rows) -> Raw:  # noqa: ARG001  the others need them
    """The base alone."""
    return lambda matrix: np.zeros(len(matrix))


def light_leaves(rows: Rows) -> Raw:
    """Leaves as CatBoost shrinks them by default."""
    return rows.fit(rows.pool(), l2_leaf_reg=3)


def pairwise(rows: Rows) -> Raw:
    """PairLogit: a liked post above one that was not, of the same user and day."""
    return rows.fit(rows.pool(group_id=rows.group), loss_function="PairLogit")


def fewer_negatives(rows: Rows) -> Raw:
    """Every liked view, and a third of the others with three times the weight."""
    kept = rows.y | (np.random.default_rng(0).random(len(rows.y)) < 1 / 3)
    return rows.fit(rows.pool(kept, weight=np.where(rows.y[kept], 1, 3)))


def monotone(rows: Rows) -> Raw:
    """A higher base column never lowers the score."""
    signs = {name: int(name.startswith("base_")) for name in rows.layout.names}
    return rows.fit(rows.pool(), monotone_constraints=signs)


def earlier_days_only(rows: Rows) -> Raw:
    """The trees whose number is chosen, which have not seen the last days."""
    return rows.fit(rows.pool(~rows.late))


VARIANTS: Mapping[str, Callable[[Rows], Raw]] = {
    AS_IT_IS: as_it_is,
    "100 trees": a_hundred,
    "no trees": no_trees,
    "not fitted anew": earlier_days_only,
    "leaves shrunk little": light_leaves,
    "pairwise loss": pairwise,
    "a third of the negatives": fewer_negatives,
    "monotone in the base": monotone,
}


def main() -> int:
    """Try every variant in both worlds, with each seed."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="feedrank-trees-") as home:
        settings = Settings(home=Path(home))
        with connect(settings) as con:
            for name, seed in product(("small network", "popularity by week"), SEEDS):
                arena = Arena(con, simulate(replace(WORLDS[name], seed=seed)), settings)
                rows += tried(f"{name}, seed {seed}", arena, settings.ranking.train_days)
    return 0 if report("trees", rows) else 1


def tried(world: str, arena: Arena, days: int) -> list[Row]:
    """A row a variant: its share of the way to the oracle, and how that differs from the trees as they are."""
    training = arena.rows(days)
    served = arena.served(training.layout)
    gains, seconds = {}, {}
    for name, fit in VARIANTS.items():
        gains[name], seconds[name] = _judged(fit, training, served)
    for window in WINDOWS:
        other = arena.rows(window)
        gains[f"{window} days"], seconds[f"{window} days"] = _judged(as_it_is, other, arena.served(other.layout))
    best = served.gains(served.truth)
    rows = [Row(f"{world}: number of trees", training.trees, "trees")]
    for name, gain in gains.items():
        low, high = bootstrap_ratios((gain - gains[AS_IT_IS])[:, None], best[:, None], seed=0)
        told = f"{low[0]:+.4f} to {high[0]:+.4f}, {seconds[name]:.0f} s"
        rows.append(Row(f"{world}: {name}", float(gain.sum() / best.sum()), told))
    return rows


def _judged(fit: Callable[[Rows], Raw], training: Rows, served: Served) -> tuple[np.ndarray, float]:
    start = time.perf_counter()
    trees = fit(training)
    seconds = time.perf_counter() - start
    return served.gains(served.base + trees(served.matrix)), seconds


if __name__ == "__main__":
    sys.exit(main())
