"""From a matrix of texts to the vectors and features that rankers use; both arms go through it.

The arms differ in the matrix alone: sparse TF-IDF rows or dense embeddings. Here the rows are centred, brought down to
a few dimensions by a singular value decomposition, scaled to unit length, and measured against k-means centres.

Everything runs on one thread. Sums are then made in one order, and a fit gives the same bits on two cores and on forty.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from core.settings import FeatureSettings

Floats: TypeAlias = NDArray[np.float32]
Matrix: TypeAlias = Floats | csr_matrix

ARRAYS_FILE = "encoder.safetensors"

# Directions that hold less than this share of the rows' energy are rounding noise, not meaning.
_NOISE = 1e-9
# A sparse matrix is first cut to a few directions more than asked for: the centring that follows uses one of them up.
_SPARE_DIRECTIONS = 10


@dataclass(frozen=True)
class TextSpace:
    """What an arm knows of P posts from their texts, one row a post, in the order of the texts given."""

    vectors: Floats
    """(P, text_dims) centred, of unit length; zero for a post without text, and for one that lies on the mean."""
    components: Floats
    """(P, text_components) the leading columns of `vectors`; NaN for a post without text."""
    distances: Floats
    """(P, text_clusters) euclidean distance of the unit vector to each k-means centre; NaN for a post without text,
    and in the columns that too few posts left without a centre."""


def has_text(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Which texts hold more than white space. (P,) bool"""
    return pl.Series(texts, dtype=pl.String).str.strip_chars().str.len_bytes().to_numpy() > 0


@dataclass(frozen=True)
class SpaceReducer:
    """A fitted map from M columns to a `TextSpace`. It never changes after `fit`."""

    basis: Floats  # (M, D) directions of the space, D <= text_dims
    offset: Floats  # (D,) the mean of the fitted rows, in the space
    centres: Floats  # (K, text_dims) k-means centres, K <= text_clusters
    widths: NDArray[np.int64]  # (3,) text_dims, text_components, text_clusters

    @classmethod
    def fit(cls, matrix: Matrix, settings: FeatureSettings, seed: int) -> Self:
        """Learn the space from the rows of `matrix`, (P, M) float32, that are not all zero.

        Any P and M work, down to none: there are then fewer directions and centres, and the widths of the `TextSpace`
        stay what the settings say.
        """
        # here, because scikit-learn takes 1.5 s to load, and a service that only reads spaces need not wait for it
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning

        rows = matrix[_norms(matrix) > 0]
        widths = np.array([settings.text_dims, settings.text_components, settings.text_clusters], np.int64)
        with threadpool_limits(limits=1):
            basis, offset = _directions(rows, settings.text_dims, seed)
            centres = np.empty((0, settings.text_dims), np.float32)
            bare = cls(basis, offset, centres, widths)
            if rows.shape[0]:
                clusters = KMeans(min(settings.text_clusters, rows.shape[0]), n_init=3, random_state=seed)
                with warnings.catch_warnings():
                    # fewer distinct posts than clusters: some centres coincide, which harms nobody
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    centres = clusters.fit(bare._unit_vectors(rows)).cluster_centers_.astype(np.float32)
        return cls(basis, offset, centres, widths)

    def transform(self, matrix: Matrix, has_text: NDArray[np.bool_]) -> TextSpace:
        """Place the rows of `matrix` (P, M) in the space. A row that is all zero counts as a post without text."""
        _, components, clusters = self.widths
        without = ~(has_text & (_norms(matrix) > 0))
        with threadpool_limits(limits=1):
            vectors = self._unit_vectors(matrix)
            vectors[without] = 0
            distances = _distances(vectors, self.centres)
        leading = _widen(vectors[:, :components], components, fill=0)
        distances = _widen(distances, clusters, fill=np.nan)
        leading[without] = np.nan
        distances[without] = np.nan
        return TextSpace(vectors, leading, distances)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that `from_arrays` needs to make the same reducer again, to the last bit."""
        return {"basis": self.basis, "offset": self.offset, "centres": self.centres, "widths": self.widths}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        return cls(arrays["basis"], arrays["offset"], arrays["centres"], arrays["widths"])

    def _unit_vectors(self, matrix: Matrix) -> Floats:  # (P, text_dims)
        projected = np.asarray(matrix @ self.basis) - self.offset
        norms = np.linalg.norm(projected, axis=1, keepdims=True)
        # a row on the mean has no direction: what is left of it is rounding, which must not be blown up
        unit = np.where(norms > 1e-6, projected / np.maximum(norms, 1e-6), 0).astype(np.float32)
        return _widen(unit, int(self.widths[0]), fill=0)


def write_arrays(folder: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write an encoder's arrays into `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / ARRAYS_FILE)


def read_arrays(folder: Path) -> dict[str, NDArray[Any]]:
    """Read what `write_arrays` wrote."""
    return dict(load_file(folder / ARRAYS_FILE))


def _directions(rows: Matrix, dims: int, seed: int) -> tuple[Floats, Floats]:
    """The `dims` directions of largest variance as a basis (M, D), and the rows' mean along them (D,).

    Principal components through the covariance matrix; a sparse matrix, which centring would fill, is brought down by
    a randomised SVD (Halko, Martinsson and Tropp 2011) before.
    """
    count, columns = rows.shape
    if not count or not columns:
        return np.zeros((columns, 0), np.float32), np.zeros(0, np.float32)
    lift: NDArray[np.float64] = np.eye(columns)
    if isinstance(rows, csr_matrix):
        from sklearn.utils.extmath import randomized_svd

        wanted = min(dims + _SPARE_DIRECTIONS, count, columns)
        lift = randomized_svd(rows, wanted, n_iter=7, random_state=seed)[2].T.astype(np.float64)
        reduced = np.asarray(rows @ lift)
    else:
        reduced = rows.astype(np.float64)
    mean = reduced.mean(axis=0)
    centred = reduced - mean
    variances, axes = np.linalg.eigh(centred.T @ centred)  # ascending
    variances, axes = variances[::-1][:dims], axes[:, ::-1][:, :dims]
    basis = lift @ axes[:, variances > _NOISE * np.square(reduced).sum()]
    # a direction's sign is arbitrary: let its largest entry be positive
    basis *= np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])
    return basis.astype(np.float32), (mean @ (lift.T @ basis)).astype(np.float32)


def _norms(matrix: Matrix) -> Floats:  # (P,)
    if isinstance(matrix, csr_matrix):
        squares = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
    else:
        squares = np.square(matrix).sum(axis=1)
    norms: Floats = np.sqrt(squares)
    return norms


def _distances(vectors: Floats, centres: Floats) -> Floats:  # (P, D), (K, D) -> (P, K)
    # |v - c|^2 = |v|^2 - 2 v.c + |c|^2, in float64 because the terms nearly cancel close to a centre
    v, c = vectors.astype(np.float64), centres.astype(np.float64)
    squares = np.square(v).sum(axis=1)[:, None] - 2 * v @ c.T + np.square(c).sum(axis=1)
    distances: Floats = np.sqrt(np.maximum(squares, 0)).astype(np.float32)
    return distances


def _widen(array: Floats, width: int, *, fill: float) -> Floats:
    """A copy of `array` (P, n <= width) with columns of `fill` added up to `width`."""
    wide = np.full((len(array), width), fill, np.float32)
    wide[:, : array.shape[1]] = array
    return wide
