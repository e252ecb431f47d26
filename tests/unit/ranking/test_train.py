import numpy as np
import polars as pl
import pytest

from core.errors import SnapshotDamaged, TrainingError
from core.settings import RankingSettings
from ranking.metrics import auc
from ranking.train import PLAIN_TREES, feature_importances, fit_ranker, load_ranker, save_ranker

SETTINGS = RankingSettings(iterations=60, depth=4)
NAMES = ["signal", "noise", "partner"]
LATE = np.arange(4_000) >= 3_000


@pytest.fixture(scope="module")
def views():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(4_000, 3)).astype(np.float32)
    y = generator.random(4_000) < 1 / (1 + np.exp(1.5 - 2 * X[:, 0] - X[:, 0] * X[:, 2]))
    X[generator.random(X.shape) < 0.1] = np.nan
    return X, y, NAMES, np.zeros(len(y), np.float32), LATE


@pytest.fixture(scope="module")
def ranker(views):
    return fit_ranker(*views, SETTINGS, threads=2)


def test_a_second_fit_on_two_threads_is_the_same_file_and_predicts_the_same(views, ranker, tmp_path):
    again = fit_ranker(*views, SETTINGS, threads=2)
    assert np.array_equal(again.predict_proba(views[0]), ranker.predict_proba(views[0]))
    save_ranker(ranker, tmp_path / "one.cbm")
    save_ranker(again, tmp_path / "other.cbm")
    assert (tmp_path / "one.cbm").read_bytes() == (tmp_path / "other.cbm").read_bytes()
    assert "train_finish_time" not in ranker.get_metadata().keys()  # noqa: SIM118  two fits may end in one second


def test_the_number_of_threads_changes_no_more_than_rounding(views, ranker):
    single = fit_ranker(*views, SETTINGS, threads=1)
    assert single.predict_proba(views[0]) == pytest.approx(ranker.predict_proba(views[0]), abs=0.01)


def test_it_learns_what_is_there_and_leaves_no_file_behind(views, ranker, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit_ranker(*views, RankingSettings(iterations=1), threads=1)
    assert list(tmp_path.iterdir()) == []
    assert auc(ranker.predict_proba(views[0])[:, 1], views[1]).value > 0.8


def test_the_trees_correct_the_score_they_start_from(views, ranker):
    X, y, *_ = views
    start = np.nan_to_num(2 * X[:, 0])  # knows the signal, and neither the rate of likes nor the partner
    trees = fit_ranker(X, y, NAMES, start, LATE, SETTINGS, threads=2)
    added = trees.predict(X, prediction_type="RawFormulaVal")
    before, after = (abs((1 / (1 + np.exp(-raw))).mean() - y.mean()) for raw in (start, start + added))
    assert after < before / 4
    assert auc(start + added, y).value > auc(start, y).value > auc(added, y).value
    told, untold = (dict(feature_importances(model).iter_rows())["signal"] for model in (trees, ranker))
    assert told < 0.9 * untold  # what the score says, the trees need not say again


def test_as_many_trees_are_grown_as_foretell_the_late_views_and_all_views_are_learned_from(views):
    X, y, names, start, late = views
    settings = RankingSettings()
    ranker = fit_ranker(X, y, names, start, late, settings, threads=2)
    assert 20 < ranker.tree_count_ < settings.iterations
    assert ranker.get_leaf_weights()[: 2**settings.depth].sum() == len(y)  # of the first tree


def test_trees_end_where_further_ones_would_learn_noise_or_what_has_ceased_to_hold(views):
    X, y, names, start, late = views
    chance = np.random.default_rng(1).random(len(y)) < 0.3
    start = start + np.log(0.3 / 0.7, dtype=np.float32)
    for label in (chance, y ^ late):
        assert fit_ranker(X, label, names, start, late, RankingSettings(), threads=2).tree_count_ < 5


@pytest.mark.parametrize(
    "late",
    [np.zeros(4_000, bool), np.ones(4_000, bool), np.arange(4_000) >= 3_900],
    ids=["none late", "none early", "few late"],
)
def test_with_too_few_views_to_choose_by_the_number_of_trees_is_a_plain_one(views, late, caplog):
    with caplog.at_level("INFO", "feedrank"):
        assert fit_ranker(*views[:4], late, RankingSettings(), threads=2).tree_count_ == PLAIN_TREES
    assert "100 trees, not chosen" in caplog.text
    assert fit_ranker(*views[:4], late, RankingSettings(iterations=7), threads=2).tree_count_ == 7


def test_a_ranker_read_back_predicts_the_same(views, ranker, tmp_path):
    save_ranker(ranker, tmp_path / "control.cbm")
    read = load_ranker(tmp_path / "control.cbm")
    assert np.array_equal(read.predict_proba(views[0]), ranker.predict_proba(views[0]))
    assert read.feature_names_ == NAMES


def test_importances_name_the_signal_first(ranker):
    importances = feature_importances(ranker)
    assert importances.schema == {"feature": pl.String, "importance": pl.Float64}
    assert importances["feature"].to_list() == ["signal", "partner", "noise"]
    assert importances["importance"].sum() == pytest.approx(100)


@pytest.mark.parametrize(
    ("likes", "message"),
    [([], r"0 rows"), ([False] * 5, r"0 of 5 training views are liked"), ([True] * 5, r"5 of 5")],
)
def test_nothing_to_learn_from_is_an_error_that_counts(likes, message):
    with pytest.raises(TrainingError, match=message):
        fit_ranker(
            np.zeros((len(likes), 3), np.float32),
            np.array(likes, bool),
            NAMES,
            np.zeros(len(likes), np.float32),
            np.zeros(len(likes), bool),
            SETTINGS,
            threads=1,
        )


def test_columns_that_never_vary_are_an_error():
    with pytest.raises(TrainingError, match="4 rows with 2 likes and 3 features"):
        fit_ranker(
            np.zeros((4, 3), np.float32),
            np.array([True, False] * 2),
            NAMES,
            np.zeros(4, np.float32),
            np.zeros(4, bool),
            SETTINGS,
            threads=1,
        )


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "test.cbm").write_bytes(b"CBM1 but not really")
    with pytest.raises(SnapshotDamaged, match=r"test\.cbm"):
        load_ranker(tmp_path / "test.cbm")
    with pytest.raises(SnapshotDamaged, match=r"control\.cbm"):
        load_ranker(tmp_path / "control.cbm")
