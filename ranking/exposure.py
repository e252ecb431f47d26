"""Did the feed show posts at random? Replay takes it for granted, so this says when not to believe it.

Two things would show in a log that does not:

- `dispersion`: some posts are shown more often than others. In a random feed the views of a day spread over the posts
  that existed all day as dice do: χ² = Σ (views - e)² / e over posts and days, e the mean of the day, divided by its
  degrees of freedom Σ (posts of the day - 1), is 1. If the chances of posts differ by a standard deviation of s times
  their mean, it is 1 + e s².
- `score`: posts that an arm scores high are shown more (or less) often to the very users for whom they score high, as
  in a feed that is personalised already. The AUC of its score between each view and an eligible post drawn at random
  for the same user is then not 1/2.

Large data find the smallest unevenness, which does no harm. So a check has a tolerance, and fails only where the whole
interval lies beyond it; what cannot be measured is not taken for random.

Source of the first: Fisher's index of dispersion, "Statistical methods for research workers", 1925.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import ARM, DAY, POST_ID, VIEWS
from ranking.evaluation import EXPOSURE_SCHEMA
from ranking.intervals import bootstrap_ratios

DISPERSION, SCORE_AUC = "dispersion", "score"
# standard deviation of posts' chances to be shown, as a share of their mean, that does no harm yet: the estimate is off
# by at most this times the relative spread of like rates on a list, a few percent of it
TOLERATED_SPREAD = 0.1
TOLERATED_AUC = 0.02
NORMAL_QUANTILE = 1.959964  # of 97.5 %

RANDOM_EXPOSURE = "exposure looks random: the estimate holds within its interval"


class Verdict(NamedTuple):
    """Whether an estimate by replay can be believed, and why in words."""

    believable: bool
    words: str


def posts_to_choose_from(post_day: pl.DataFrame, times: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """How many posts had been shown by the end of the day of each view, at least 1, (E,).

    >>> days = pl.DataFrame({"post_id": [1, 1, 2], "day": [date(2024, 1, 1), date(2024, 1, 3), date(2024, 1, 2)]})
    >>> posts_to_choose_from(days, np.array(["2024-01-01T23:00", "2024-01-02T01:00"], "datetime64[us]")).tolist()
    [1, 2]
    """
    first = np.sort(_first_days(post_day)["first"].to_numpy())
    shown: NDArray[np.int64] = np.searchsorted(first, times.astype("datetime64[D]"), side="right")
    return np.maximum(shown, 1)


def exposure_table(
    post_day: pl.DataFrame,
    cut: date,
    higher: Mapping[str, NDArray[np.float64]],
    user: NDArray[np.int64],
    n: int,
    seed: int,
) -> pl.DataFrame:
    """Both checks on the days from `cut` on, columns as in `EXPOSURE_SCHEMA`; the second for each arm.

    `post_day` is (post_id, day, views). `higher` is by arm and (E,): 1 where a view's post scored above the post drawn
    at random for the same user, 1/2 for a tie, NaN where one of them was no candidate. `user` (E,) tells whose of the n
    users the views are.
    """
    compared = np.column_stack([np.bincount(user[~np.isnan(h)], minlength=n) for h in higher.values()]).astype(float)
    above = np.column_stack([np.bincount(user, np.nan_to_num(h), minlength=n) for h in higher.values()]).astype(float)
    low, high = bootstrap_ratios(above, compared, seed)
    rows = [_dispersion(post_day, cut)]
    for place, arm in enumerate(higher):
        total = compared[:, place].sum()
        auc = float(above[:, place].sum() / total) if total else np.nan
        rows.append(_score(arm, auc, float(low[place]), float(high[place])))
    return pl.DataFrame(rows, schema=EXPOSURE_SCHEMA)


def verdicts(exposure: pl.DataFrame) -> dict[str, Verdict]:
    """What both checks together say about replaying each arm; `exposure` as `exposure_table` gives it."""
    whole, *by_arm = exposure.iter_rows(named=True)
    found = {}
    for row in by_arm:
        failed = [check["meaning"] for check in (whole, row) if not check["passed"]]
        words = f"do not believe it: {'; '.join(failed)}" if failed else RANDOM_EXPOSURE
        found[row[ARM]] = Verdict(not failed, words)
    return found


def _first_days(post_day: pl.DataFrame) -> pl.DataFrame:
    return post_day.group_by(POST_ID).agg(pl.col(DAY).cast(pl.Date).min().alias("first"))


def _dispersion(post_day: pl.DataFrame, cut: date) -> dict[str, Any]:
    """The first check; a post counts from the day after its first view, as on that day it was there for a part only."""
    tested = post_day.with_columns(pl.col(DAY).cast(pl.Date)).filter(pl.col(DAY) >= cut)
    cells = (
        _first_days(post_day)
        .join(tested.select(DAY).unique(), how="cross")
        .filter(pl.col("first") < pl.col(DAY))
        .join(tested.select(POST_ID, DAY, VIEWS), on=[POST_ID, DAY], how="left")
        .sort(DAY, POST_ID)  # sums come out the same to the last bit
        .with_columns(pl.col(VIEWS).fill_null(0).cast(pl.Float64))
        .with_columns(pl.col(VIEWS).mean().over(DAY).alias("expected"), pl.len().over(DAY).alias("posts"))
        .filter(pl.col("expected") > 0, pl.col("posts") > 1)
    )
    if cells.is_empty():
        return _check(DISPERSION, None, np.nan, np.nan, np.nan, 1.0, TOLERATED_SPREAD, "too few views to tell", False)
    views, expected = cells[VIEWS].to_numpy(), cells["expected"].to_numpy()
    freedom = len(cells) - cells[DAY].n_unique()
    index = float(((views - expected) ** 2 / expected).sum() / freedom)
    # the variance of χ² is twice its degrees of freedom; an index k times as large varies k times as much
    half = NORMAL_QUANTILE * index * float(np.sqrt(2 / freedom))
    tolerance = TOLERATED_SPREAD**2 * float(expected.mean())
    # one-sided: a feed that deals posts out more evenly than dice is fine
    passed = index - half <= 1 + tolerance
    how = "no more unevenly than at random, or harmlessly so" if passed else "unevenly: some far more often than others"
    meaning = f"posts are shown {how} (dispersion {index:.2f}, random gives 1)"
    return _check(DISPERSION, None, index, index - half, index + half, 1.0, tolerance, meaning, passed)


def _score(arm: str, auc: float, low: float, high: float) -> dict[str, Any]:
    """The second check."""
    if np.isnan(low):
        meaning = f"too few views to tell whether posts that {arm} scores high are shown as often as others"
        return _check(SCORE_AUC, arm, auc, low, high, 0.5, TOLERATED_AUC, meaning, False)
    above, below = low > 0.5 + TOLERATED_AUC, high < 0.5 - TOLERATED_AUC
    how = "more often than" if above else "less often than" if below else "as often as"
    meaning = f"posts that {arm} scores high are shown {how} others (AUC {auc:.3f}, random gives 0.5)"
    return _check(SCORE_AUC, arm, auc, low, high, 0.5, TOLERATED_AUC, meaning, not above and not below)


def _check(*values: Any) -> dict[str, Any]:
    return dict(
        zip(("check", ARM, "value", "low", "high", "expected", "tolerance", "meaning", "passed"), values, strict=True)
    )
