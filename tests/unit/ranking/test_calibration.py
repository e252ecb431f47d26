import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.calibration import calibration_table
from ranking.evaluation import CALIBRATION_SCHEMA


def views_of(users=500, seen=40, seed=0):
    """True chances of a like, what became of the views, and whose they are."""
    generator = np.random.default_rng(seed)
    chances = generator.beta(1, 7, users * seen)
    return chances, generator.random(users * seen) < chances, np.repeat(np.arange(users), seen)


def test_true_chances_are_within_the_intervals_and_doubled_ones_are_not():
    chances, liked, user = views_of()
    table = calibration_table({"test": chances, "control": 2 * chances}, liked, user, 500, seed=0)
    assert table.schema == CALIBRATION_SCHEMA
    within = pl.col("predicted").is_between("low", "high")
    true, doubled = table.filter(arm="test"), table.filter(arm="control")
    assert true.filter(within).height >= 9  # of 11 at 95 %
    assert doubled.filter(within).is_empty()
    assert true["gap"][0] < 0.01
    assert doubled["gap"][0] == pytest.approx(chances.mean(), abs=0.01)


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5]), st.booleans(), st.integers(0, 3)), min_size=1, max_size=60))
def test_bins_add_up_to_all_views(rows):
    predicted, liked, user = (np.array(column) for column in zip(*rows, strict=True))
    whole, *bins = calibration_table({"test": predicted}, liked, user, 4, seed=0).iter_rows(named=True)
    views = [row["views"] for row in bins]
    assert 1 <= len(bins) <= min(10, len(set(predicted)))
    assert sum(views) == whole["views"] == len(rows)
    for column in ("predicted", "observed", "gap"):
        assert np.average([row[column] for row in bins], weights=views) == pytest.approx(whole[column])
    assert [row["bin"] for row in bins] == list(range(1, len(bins) + 1))


def test_without_views_there_are_no_rows():
    nothing = np.empty(0)
    assert calibration_table({"test": nothing}, nothing > 0, nothing.astype(int), 0, seed=0).is_empty()
