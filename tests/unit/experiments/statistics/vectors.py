"""Arms out of the reference vectors: their sums and sums of products, or their table of users."""

import json
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl

from experiments.statistics.moments import Moments


def load(shared: Path, name: str) -> Any:
    return json.loads((shared / "vectors" / name).read_text(encoding="utf-8"))


def users_400(shared: Path) -> tuple[Moments, Moments]:
    """Control and test of the simulated shop: orders, sessions and both before the start."""
    users = pl.read_csv(shared / "vectors" / "users_400.csv")
    arms = (users.filter(variant=arm).drop("user", "variant") for arm in (0, 1))
    control, test = (Moments.from_columns(arm.to_dict(as_series=False)) for arm in arms)
    return control, test


def from_sums(
    count: int, sums: Mapping[str, tuple[float, float]], products: Mapping[tuple[str, str], float] | None = None
) -> Moments:
    """Moments of names whose sum and sum of squares are given, and the sums of products of pairs."""
    names = sorted(sums)
    total = {name: sums[name][0] for name in names}
    of_pair = {tuple(sorted(pair)): value for pair, value in (products or {}).items()}
    return Moments(
        count,
        {name: total[name] / count for name in names},
        {name: (sums[name][1] - total[name] ** 2 / count) / (count - 1) for name in names},
        {
            (a, b): (of_pair[a, b] - total[a] * total[b] / count) / (count - 1)
            for a, b in combinations(names, 2)
            if (a, b) in of_pair
        },
    )
