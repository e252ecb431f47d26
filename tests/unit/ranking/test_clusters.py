"""Clusters find the vectors with the highest inner products, however long the vectors are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking import clusters
from ranking.clusters import Clusters

NUMBER, WIDTH, K = 40_000, 12, 30


@pytest.fixture(scope="module")
def uneven() -> tuple[np.ndarray, np.ndarray, Clusters]:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((NUMBER, WIDTH), dtype=np.float32)
    vectors *= rng.lognormal(0, 0.5, (NUMBER, 1)).astype(np.float32)
    queries = rng.standard_normal((50, WIDTH), dtype=np.float32)
    return vectors, queries, Clusters.of(np.arange(NUMBER), vectors, queries)


def best_of_all(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    return np.argsort(-(vectors @ query), kind="stable")[:K]


def test_a_tenth_of_the_vectors_holds_nine_tenths_of_the_best(
    uneven: tuple[np.ndarray, np.ndarray, Clusters], monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, queries, clustered = uneven
    monkeypatch.setattr(clusters, "FEW", 0)
    found = [np.isin(best_of_all(vectors, query), clustered.best(query, K, 0.1)).mean() for query in queries]
    assert np.mean(found) > 0.9


def test_what_is_found_stands_in_order_and_above_what_is_asked(
    uneven: tuple[np.ndarray, np.ndarray, Clusters],
) -> None:
    vectors, queries, clustered = uneven
    scores = vectors @ queries[0]
    above = float(np.sort(scores)[-10])
    assert (np.diff(scores[clustered.best(queries[0], K, 0.1)]) <= 1e-5).all()
    assert len(clustered.best(queries[0], K, 0.1, above)) < 10


@given(st.integers(1, 300), st.integers(1, 40), st.integers(0, 5))
def test_of_few_vectors_it_misses_none(number: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, queries = (rng.standard_normal((rows, 3), dtype=np.float32) for rows in (number, seed))
    rows, query = np.sort(rng.permutation(1_000)[:number]), rng.standard_normal(3, dtype=np.float32)
    found = Clusters.of(rows, vectors, queries).best(query, k, 0.1)
    np.testing.assert_array_equal(found, rows[np.argsort(-(vectors @ query), kind="stable")[:k]])
