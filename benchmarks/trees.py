"""Which way of fitting the trees is best? One change at a time to what `ranking.train` does, over the same base scores.

For each variant, the true probability of the top five of a sample of users as a share of the way from posts at random
to the oracle (see `benchmarks.yardstick`), and its difference to the trees as they are, with a 95 % interval over
resampled users. In a world that stays as it is little is left to correct; in one whose popularity changes by the week,
much. The arm is `test`. A group of a pairwise or listwise loss is one user's views of one day.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from catboost import CatBoostClassifier

from benchmarks.arena import Arena, Raw, Rows, Served
from benchmarks.report import Row, report
from benchmarks.world import WORLDS
from core.settings import Settings
from ranking.intervals import bootstrap_ratios
from ranking.train import parameters
from simulation.world import simulate
from warehouse.connection import connect

AS_IT_IS = "as it is"
WINDOWS = (7, 28)  # days, instead of the default


def as_it_is(rows: Rows) -> Raw:
    """Log loss over what the base says."""
    return rows.fit(rows.pool())


def no_trees(rows: Rows) -> Raw:  # noqa: ARG001  the others need them
    """The base alone."""
    return lambda matrix: np.zeros(len(matrix))


def light_leaves(rows: Rows) -> Raw:
    """Leaves as CatBoost shrinks them by default."""
    return rows.fit(rows.pool(), l2_leaf_reg=3)


def deep(rows: Rows) -> Raw:
    """Twice as many trees, two levels deeper, as they were before there was a base."""
    return rows.fit(rows.pool(), depth=6, iterations=200, learning_rate=0.06, l2_leaf_reg=3)


def pairwise(rows: Rows) -> Raw:
    """PairLogit: a liked post above one that was not, of the same user and day."""
    return rows.fit(rows.pool(group_id=rows.group), loss_function="PairLogit")


def listwise(rows: Rows) -> Raw:
    """QuerySoftMax: the liked posts out of all of the same user and day."""
    return rows.fit(rows.pool(group_id=rows.group), loss_function="QuerySoftMax")


def fewer_negatives(rows: Rows) -> Raw:
    """Every liked view, and a third of the others with three times the weight."""
    kept = rows.y | (np.random.default_rng(0).random(len(rows.y)) < 1 / 3)
    return rows.fit(rows.pool(kept, weight=np.where(rows.y[kept], 1, 3)))


def recent_first(rows: Rows) -> Raw:
    """A view counts half as much for each week of age."""
    return rows.fit(rows.pool(weight=0.5 ** (rows.age / 7)))


def monotone(rows: Rows) -> Raw:
    """A higher base column never lowers the score."""
    signs = {name: int(name.startswith("base_")) for name in rows.layout.names}
    return rows.fit(rows.pool(), monotone_constraints=signs)


def early_stopped(rows: Rows) -> Raw:
    """Up to 500 trees, as many as the last two days want, of those before."""
    options = parameters(len(rows.y), rows.settings.ranking, rows.settings.threads)
    model = CatBoostClassifier(**{**options, "iterations": 500})
    model.fit(rows.pool(~rows.late), eval_set=rows.pool(rows.late), early_stopping_rounds=30)
    return lambda matrix: np.asarray(model.predict(matrix, prediction_type="RawFormulaVal"), np.float64)


def five_seeds(rows: Rows) -> Raw:
    """The mean of five, each tree of two thirds of the rows and half of the columns."""
    drawn = {"bootstrap_type": "Bernoulli", "subsample": 2 / 3, "rsm": 0.5}
    fits = [rows.fit(rows.pool(), random_seed=seed, **drawn) for seed in range(5)]
    return lambda matrix: np.mean([fit(matrix) for fit in fits], axis=0)


VARIANTS: Mapping[str, Callable[[Rows], Raw]] = {
    AS_IT_IS: as_it_is,
    "no trees": no_trees,
    "leaves shrunk little": light_leaves,
    "deeper, twice as many": deep,
    "pairwise loss": pairwise,
    "listwise loss": listwise,
    "a third of the negatives": fewer_negatives,
    "recent views weigh more": recent_first,
    "monotone in the base": monotone,
    "early stopping": early_stopped,
    "five seeds": five_seeds,
}


def main() -> int:
    """Try every variant in both worlds."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="feedrank-trees-") as home:
        settings = Settings(home=Path(home))
        with connect(settings) as con:
            for name in ("small network", "popularity by week"):
                rows += tried(name, Arena(con, simulate(WORLDS[name]), settings), settings.ranking.train_days)
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
    rows = []
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
