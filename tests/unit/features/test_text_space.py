import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from core.settings import FeatureSettings
from features.text_space import SpaceReducer, TextSpace, has_text

SMALL = FeatureSettings(text_dims=8, text_components=3, text_clusters=4)


def unit_rows(count: int, width: int = 20, seed: int = 1) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).random((count, width), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def space_of(rows: NDArray[np.float32] | csr_matrix, settings: FeatureSettings = SMALL) -> TextSpace:
    return SpaceReducer.fit(rows, settings, 0).transform(rows, np.ones(rows.shape[0], np.bool_))


def test_a_space_is_centred_unit_vectors_their_leading_columns_and_the_distances_to_centres() -> None:
    space = space_of(unit_rows(50))
    assert space.vectors.shape == (50, 8)
    assert np.linalg.norm(space.vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.abs(space.vectors.mean(axis=0)).max() < 0.2
    assert np.array_equal(space.components, space.vectors[:, :3])
    assert space.distances.shape == (50, 4)
    assert ((space.distances >= 0) & (space.distances <= 2)).all()
    assert {array.dtype for array in vars(space).values()} == {np.dtype(np.float32)}


def test_distances_are_those_to_the_centres() -> None:
    rows = unit_rows(30)
    reducer = SpaceReducer.fit(rows, SMALL, 0)
    space = reducer.transform(rows, np.ones(30, np.bool_))
    by_hand = np.linalg.norm(space.vectors[:, None] - reducer.centres, axis=2)
    assert space.distances == pytest.approx(by_hand, abs=1e-5)


def test_the_leading_direction_tells_two_kinds_of_posts_apart() -> None:
    rng = np.random.default_rng(3)
    kind = np.repeat([0, 1], 20)
    rows = (np.eye(2, 12)[kind] + 0.05 * rng.standard_normal((40, 12))).astype(np.float32)
    leading = space_of(rows).components[:, 0]
    assert len(set(np.sign(leading[kind == 0]))) == len(set(np.sign(leading[kind == 1]))) == 1
    assert np.sign(leading[0]) != np.sign(leading[-1])


def test_a_sparse_and_a_dense_matrix_of_the_same_rows_give_the_same_space() -> None:
    rows = unit_rows(60)
    dense, sparse = space_of(rows), space_of(csr_matrix(rows))
    assert sparse.vectors == pytest.approx(dense.vectors, abs=1e-3)


def test_a_post_without_text_is_zero_and_nan() -> None:
    rows = unit_rows(6)
    rows[1] = 0  # no word of it is known
    present = np.array([True, True, False, True, True, True])
    space = SpaceReducer.fit(rows, SMALL, 0).transform(rows, present)
    for row in (1, 2):
        assert not space.vectors[row].any()
        assert np.isnan(space.components[row]).all()
        assert np.isnan(space.distances[row]).all()
    assert np.isfinite(space.components[[0, 3, 4, 5]]).all()


@pytest.mark.parametrize("count", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_few_posts_leave_the_widths_as_they_are(kind: type, count: int) -> None:
    space = space_of(kind(unit_rows(5)[:count]))
    assert space.vectors.shape == (count, 8)
    assert space.components.shape == (count, 3)
    assert not space.vectors[:, count:].any()
    assert np.isfinite(space.distances[:, :count]).all()
    assert np.isnan(space.distances[:, count:]).all()


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_posts_that_say_the_same_have_no_direction(kind: type) -> None:
    same = np.repeat(unit_rows(1), 30, axis=0)
    assert not space_of(kind(same)).vectors.any()


def test_the_same_rows_and_seed_give_the_same_bits_also_after_storing() -> None:
    rows = csr_matrix(unit_rows(80))
    one, two = SpaceReducer.fit(rows, SMALL, 5), SpaceReducer.fit(rows, SMALL, 5)
    again = SpaceReducer.from_arrays(two.to_arrays())
    present = np.ones(80, np.bool_)
    for other in (two, again):
        for name, array in vars(one.transform(rows, present)).items():
            assert array.tobytes() == getattr(other.transform(rows, present), name).tobytes()


def test_white_space_is_no_text() -> None:
    assert has_text(["a", "", " \t\n ", "\u2003", "😀"]).tolist() == [True, False, False, False, True]
    assert has_text([]).shape == (0,)
