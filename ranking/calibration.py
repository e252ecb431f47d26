"""Are the predicted probabilities those of a like? A reliability table on views that the ranker has not seen."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ranking.evaluation import CALIBRATION_SCHEMA
from ranking.intervals import bootstrap_ratios

BINS = 10


def calibration_table(
    predicted: Mapping[str, NDArray[np.float64]], liked: NDArray[np.bool_], user: NDArray[np.int64], n: int, seed: int
) -> pl.DataFrame:
    """Reliability of each arm's probabilities by deciles of them, columns as in `CALIBRATION_SCHEMA`.

    `predicted` holds (E,) probabilities by arm, `liked` (E,) what became of the views, `user` (E,) whose of the n users
    they are. Equal predictions share a bin, so there may be fewer than ten. Bin 0 is all views; its gap is the expected
    calibration error, Σ over bins (views in bin / views) · |observed - predicted|.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017, section 2; here with bins of equal mass.

    >>> table = calibration_table({"test": np.array([0.1, 0.1, 0.9, 0.9])}, np.array([0, 1, 1, 1], bool),
    ...                           np.array([0, 1, 0, 1]), 2, seed=0)
    >>> table.select("bin", "predicted", "observed", "views", pl.col("gap").round(3)).rows()
    [(0, 0.5, 0.75, 4, 0.25), (1, 0.1, 0.5, 2, 0.4), (2, 0.9, 1.0, 2, 0.1)]
    """
    tables = [CALIBRATION_SCHEMA.to_frame()]
    for arm, probabilities in predicted.items() if len(liked) else ():
        edges = np.quantile(probabilities, np.arange(1, BINS) / BINS)
        used, place = np.unique(np.searchsorted(edges, probabilities, side="right"), return_inverse=True)
        bins = len(used)
        by_user = [
            np.bincount(user * bins + place, weights=weights, minlength=n * bins).reshape(n, bins)
            for weights in (liked.astype(np.float64), np.ones(len(liked)))
        ]
        likes, views = (np.column_stack([one.sum(axis=1), one]) for one in by_user)  # (n, 1 + bins), all views first
        low, high = bootstrap_ratios(likes, views, seed)
        in_bin = np.bincount(place, weights=probabilities, minlength=bins)
        counts = views.sum(axis=0)
        mean, rate = np.append(in_bin.sum(), in_bin) / counts, likes.sum(axis=0) / counts
        gap = np.abs(mean - rate)
        gap[0] = gap[1:] @ counts[1:] / counts[0]
        columns = (np.arange(bins + 1), mean, rate, low, high, counts, gap)
        frame = pl.DataFrame(dict(zip(CALIBRATION_SCHEMA.names()[1:], columns, strict=True)))
        tables.append(frame.select(pl.lit(arm).alias("arm"), pl.all()).cast(CALIBRATION_SCHEMA))
    return pl.concat(tables)
