import doctest
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from core import hashing
from features import ids
from ranking import baselines, intervals, metrics, split, top_k
from ranking.metrics import (
    auc,
    average_precision,
    coverage,
    hitrate,
    mean_over_users,
    ndcg,
    novelty,
    precision,
    recall,
    reciprocal_rank,
    self_information,
    user_auc,
)

SAME_AS = {
    "rectools/hitrate": hitrate,
    "rectools/recall": recall,
    "rectools/precision": precision,
    "rectools/map_div_nrel": average_precision,
    "rectools/ndcg_achievable": ndcg,
    "rectools/mrr": reciprocal_rank,
    "ranx/hit_rate": hitrate,
    "ranx/recall": recall,
    "ranx/precision": precision,
    "ranx/map": average_precision,
    "ranx/ndcg": ndcg,
    "ranx/ndcg_burges": ndcg,
    "ranx/mrr": reciprocal_rank,
}
# the same quantities divided by another number, which we do not offer
OTHER_DIVISORS = {"rectools/map_div_k", "rectools/ndcg_full_idcg"}


def vectors(shared: Path, name: str) -> dict:
    return json.loads((shared / "vectors" / f"{name}.json").read_text())


@pytest.mark.parametrize("module", [metrics, top_k, baselines, split, intervals, hashing, ids])
def test_examples_in_docstrings_hold(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


# one user's list of five: relevant at ranks 1 and 5, two relevant posts in all
HITS, RELEVANT = np.array([[True, False, False, False, True]]), np.array([2])


@pytest.mark.parametrize(
    ("metric", "k", "expected"),
    [
        (ndcg, 3, 0.6131471927654584),
        (ndcg, 5, 0.8503449055347546),
        (average_precision, 5, 0.7),
        (recall, 3, 0.5),
        (precision, 3, 1 / 3),
        (hitrate, 1, 1.0),
        (reciprocal_rank, 5, 1.0),
    ],
)
def test_figures_that_the_reference_libraries_give(metric, k, expected):
    assert metric(HITS, RELEVANT, k) == pytest.approx([expected], abs=1e-9)


@pytest.mark.parametrize("metric", [hitrate, precision, recall, ndcg, average_precision, reciprocal_rank])
def test_a_user_without_a_relevant_post_has_no_value(metric):
    assert np.isnan(metric(np.zeros((1, 3), bool), np.array([0]), 3)).all()
    assert metric(np.zeros((1, 3), bool), np.array([1]), 3) == [0]


def test_lists_agree_with_rectools_and_ranx(shared):
    case = vectors(shared, "ranking_metrics")
    users = sorted(case["truth"])
    hits, relevant = np.zeros((len(users), 5), bool), np.array([len(case["truth"][user]) for user in users])
    for row, user in enumerate(users):
        listed = case["recommendations"].get(user, [])
        hits[row, : len(listed)] = np.isin(listed, case["truth"][user])
    checked = 0
    for name, expected in case["values"].items():
        family, k = name.split("@")
        if family in OTHER_DIVISORS or family in {"rectools/coverage", "rectools/miuf"}:
            continue
        values = SAME_AS[family](hits, relevant, int(k))
        assert values == pytest.approx([expected["per_user"][user] for user in users], abs=1e-9), name
        assert mean_over_users(values, "").value == pytest.approx(expected["mean"], abs=1e-9), name
        checked += 1
    assert checked == 39


def test_coverage_and_novelty_agree_with_rectools(shared):
    case = vectors(shared, "ranking_metrics")
    lists = np.array(list(case["recommendations"].values()))
    taken = np.bincount(np.concatenate(list(case["previous"].values())), minlength=100)
    information = self_information(taken, users=len(case["previous"]))
    for k in (1, 3, 5):
        covered, surprising = case["values"][f"rectools/coverage@{k}"], case["values"][f"rectools/miuf@{k}"]
        assert coverage(lists[:, :k], covered["catalog_size"]).value == pytest.approx(covered["mean"], abs=1e-9)
        per_user = [surprising["per_user"][user] for user in case["recommendations"]]
        assert novelty(lists[:, :k], information) == pytest.approx(per_user, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "metric", "ours"),
    [
        ("map", average_precision, lambda case: not case["divide_by_k"]),
        ("ndcg", ndcg, lambda case: case["achievable_idcg"]),
        ("mrr", reciprocal_rank, lambda case: True),
    ],
)
def test_lists_with_gaps_agree_with_figures_computed_by_hand(shared, name, metric, ours):
    case = vectors(shared, "rectools_ranking")[name]
    truth = set(zip(case["truth"]["user"], case["truth"]["item"], strict=True))
    users = sorted(set(case["truth"]["user"]))
    hits, relevant = np.zeros((len(users), 9), bool), np.bincount(case["truth"]["user"])[users]
    for user, item, rank in zip(*(case["reco"][column] for column in ("user", "item", "rank")), strict=True):
        if user in users:
            hits[users.index(user), rank - 1] = (user, item) in truth
    cases = [one for one in case["cases"] if ours(one)]
    assert len(cases) == 2
    for one in cases:
        assert metric(hits, relevant, one["k"]) == pytest.approx(one["per_user"], abs=1e-9)


def test_groups_with_positives_agree_with_catboost(shared):
    case = vectors(shared, "catboost_metrics")
    group = np.array(case["group_id"]) == 1
    order = np.argsort(-np.array(case["approx"])[group])
    hits, relevant = np.array(case["label"], bool)[group][order][None], np.array([2])
    # the second of two groups has no positive; CatBoost counts it 1 for NDCG and recall, 0 for the others
    ours = {"NDCG": (ndcg, 1), "RecallAt": (recall, 1), "MAP": (average_precision, 0)}
    ours |= {"PrecisionAt": (precision, 0), "MRR": (reciprocal_rank, 0)}
    for name, expected in case["values"].items():
        family, k = name.split(":top=")
        metric, of_the_empty_group = ours[family]
        assert metric(hits, relevant, int(k)) == pytest.approx([2 * expected - of_the_empty_group], abs=1e-9), name


ROWS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.booleans()), max_size=60)


@settings(deadline=None)
@given(ROWS)
def test_auc_is_that_of_scikit_learn_in_all_rows_and_in_each_users(rows):
    users = np.array([user for user, _, _ in rows], np.int64)
    scores = np.array([score for _, score, _ in rows], np.float64)
    liked = np.array([positive for _, _, positive in rows], bool)
    by_user = user_auc(users, scores, liked, 4)
    parts = [(users == user, by_user[user]) for user in range(4)]
    for part, ours in [(np.ones(len(rows), bool), auc(scores, liked).value), *parts]:
        if len(np.unique(liked[part])) == 2:
            assert ours == pytest.approx(roc_auc_score(liked[part], scores[part]), abs=1e-9)
        else:
            assert np.isnan(ours)


def test_undefined_figures_say_why():
    assert auc(np.array([]), np.array([], bool)).reason == "AUC needs rows of both kinds: 0 of 0 are liked"
    assert mean_over_users(np.array([np.nan]), "nobody liked anything").reason == "nobody liked anything"
    assert np.isnan(coverage(np.zeros((1, 0), np.int64), 0).value)
    assert coverage(np.zeros((0, 3), np.int64), 5).reason == "there is no user to make a list for"
