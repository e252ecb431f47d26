"""How a snapshot's features are distributed, and how far that is from what a pair of rankers was trained on.

The distribution at training is kept with the pair, in the table `feature_distribution`, and goes from refresh to
refresh with it: the features of the standing snapshot itself are minutes old, and a column that broke this noon is
broken there as well.
"""

from collections.abc import Iterator
from typing import Final

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import ARMS, TOPIC, USER_ID
from features.catalog import ACTIVITY, POST, TOPIC_PAIR

BINS = 10
# what an empty bin counts as, or one value in it would make the index infinite
FLOOR = 1e-4
# grow with the calendar, on the soundest of networks too
GROWING: Final = frozenset(
    {"user_views", "user_likes", "user_days_known", "post_views", "post_likes", "post_age_days", "pair_topic_views"}
)
# one number a topic: any change of it moves all posts of the topic at once
STEPWISE: Final = frozenset({"topic_like_rate"})
TEXT: Final = "text_"
DISTRIBUTION_SCHEMA: Final = pl.Schema(
    {
        "feature": pl.String,
        "bin": pl.Int32,
        "upper": pl.Float64,  # of a bin of numbers; NULL for the last, which has no end
        "category": pl.String,  # of a bin of one value; NULL for the last, all other values
        "missing": pl.Boolean,  # the bin of what is NULL
        "share": pl.Float64,
    }
)


def snapshot_features(snapshot: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, pl.Series]]:
    """Every feature of `features.duckdb` with its values, unknown ones null.

    Profile and topic are given as the source has them, because their codes are another pair's after a training; of the
    text features there is one an arm, for they are known or unknown together.
    """
    for column in snapshot.sql(f"SELECT * EXCLUDE ({USER_ID}) FROM users").pl() if _has_profile(snapshot) else ():
        yield f"profile_{column.name}", _plain(column)
    yield TOPIC, _plain(snapshot.sql(f"SELECT {TOPIC} FROM posts").pl().to_series())
    known = f"WHERE {USER_ID} IS NOT NULL"  # without the user nobody has seen
    for specs, rest in (
        (ACTIVITY, f"user_features {known}"),
        (TOPIC_PAIR, f"user_topics {known}"),
        (POST, "post_features"),
    ):
        names = ", ".join(spec.name for spec in specs if spec.name != TOPIC)
        for column in snapshot.sql(f"SELECT {names} FROM {rest}").pl():
            yield column.name, _plain(column)
    for arm in ARMS:
        yield f"{TEXT}{arm}", _plain(snapshot.sql(f"SELECT text_component_0 FROM text_{arm}").pl().to_series())


def is_compared(feature: str) -> bool:
    """Whether the distribution of a feature says something about drift.

    Running totals and ages move by themselves, a topic's rate moves all its posts, and text coordinates mean another
    thing after every training.
    """
    return feature not in GROWING | STEPWISE and not feature.startswith(TEXT)


def distribution(feature: str, values: pl.Series) -> pl.DataFrame:
    """The bins of a feature and the share of its values in each, columns as in `DISTRIBUTION_SCHEMA`.

    Numbers have `BINS` bins of about equal content, text its `BINS` commonest values; then come the rest and the
    missing.
    """
    bins = _categories(values) if values.dtype == pl.String else _edges(values)
    found = shares(values, bins)
    rest = pl.Series([None, None], dtype=bins.dtype)
    padded = pl.concat([bins, rest])
    return pl.DataFrame(
        {
            "feature": [feature] * len(found),
            "bin": np.arange(len(found)),
            "upper": padded if bins.dtype == pl.Float64 else None,
            "category": padded if bins.dtype == pl.String else None,
            "missing": np.arange(len(found)) == len(found) - 1,
            "share": found,
        }
    ).cast(DISTRIBUTION_SCHEMA)


def drift(values: pl.Series, trained: pl.DataFrame) -> float:
    """PSI of `values` against the bins and shares of `trained`, one feature's rows of a `distribution`."""
    ordered = trained.sort("bin")
    bins = ordered["category"].drop_nulls()
    if bins.is_empty():
        bins = ordered["upper"].drop_nulls()
    return psi(ordered["share"].to_numpy(), shares(values, bins))


def psi(expected: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    """Population stability index of two lists of shares: Σ (actual - expected) · ln(actual / expected).

    Source: Siddiqi, "Credit Risk Scorecards", 2006, chapter 9, where over 0.25 is a shift to act on. A share below
    `FLOOR` counts as `FLOOR`; a share that is NaN makes the index NaN.

    >>> round(psi(np.array([0.5, 0.5]), np.array([0.25, 0.75])), 4)
    0.2747
    """
    expected, actual = np.maximum(expected, FLOOR), np.maximum(actual, FLOOR)
    return float(np.sum((actual - expected) * np.log(actual / expected)))


def shares(values: pl.Series, bins: pl.Series) -> NDArray[np.float64]:
    """Share of `values` in each bin, in the rest, and missing: (len(bins) + 2,), adding up to 1; NaN without a value.

    `bins` are the ascending upper edges of numbers, or categories.

    >>> shares(pl.Series([1.0, 2.0, 9.0, None]), pl.Series([1.5])).tolist()
    [0.25, 0.5, 0.25]
    """
    if bins.dtype == pl.String:
        known = values.cast(pl.String).drop_nulls()
        places = pl.Series(np.arange(len(bins)), dtype=pl.Int64)
        binned = known.replace_strict(bins, places, default=len(bins), return_dtype=pl.Int64).to_numpy()
    else:
        known = values.cast(pl.Float64, strict=False).drop_nulls()  # text where there were numbers is missing
        binned = np.searchsorted(bins.to_numpy(), known.to_numpy())
    counts = np.append(np.bincount(binned, minlength=len(bins) + 1), len(values) - len(known)).astype(np.float64)
    return np.divide(counts, len(values), out=np.full_like(counts, np.nan), where=len(values) > 0)


def _edges(values: pl.Series) -> pl.Series:
    """Upper edges half-way between neighbouring values: a value that many share may move a little and keep its bin."""
    known = values.drop_nulls().to_numpy()
    if known.size == 0:
        return pl.Series([], dtype=pl.Float64)
    different = np.unique(known)
    deciles = np.quantile(known, np.arange(1, BINS) / BINS, method="inverted_cdf")
    below = np.unique(np.searchsorted(different, deciles))
    below = below[below + 1 < len(different)]
    return pl.Series((different[below] + different[below + 1]) / 2, dtype=pl.Float64)


def _categories(values: pl.Series) -> pl.Series:
    counted = values.drop_nulls().rename("value").value_counts().sort(["count", "value"], descending=[True, False])
    return counted["value"].head(BINS)


def _has_profile(snapshot: duckdb.DuckDBPyConnection) -> bool:
    return len(snapshot.table("users").columns) > 1


def _plain(values: pl.Series) -> pl.Series:
    """Text with '' as null, as the rankers take it, or float64 with NaN as null."""
    if values.dtype == pl.String:
        return values.replace("", None)
    if values.dtype.is_temporal():
        values = values.cast(pl.Datetime("us")).dt.timestamp("us")
    return values.cast(pl.Float64).fill_nan(None)
