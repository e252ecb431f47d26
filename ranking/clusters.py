"""Vectors in clusters, so that those with the highest inner products are found without looking at all.

A query looks into the clusters whose means score highest, until a share of all vectors has been looked at, and computes
those inner products exactly. Unlike a graph of nearest neighbours it does not ask that vectors be of equal length. The
clusters are those of k-means where distance is what queries make of it: of two vectors x and y it is the root of
E[(q · (x - y))²] over the queries q, so that what lies together is what is scored alike.

Source: Jégou, Douze and Schmid, "Product Quantization for Nearest Neighbor Search", 2011, section IV (inverted file).
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ranking.top_k import best_of

Floats = NDArray[np.float32]

FEW = 200_000  # of fewer vectors a query looks at as many as of these
SAMPLED, ROUNDS = 64, 8  # of k-means: vectors a cluster, and iterations
AT_ONCE = 1 << 12  # vectors whose distances to all centres are held


@dataclass(frozen=True)
class Clusters:
    """N vectors of d dimensions in C clusters, none of them empty."""

    rows: NDArray[np.int32]  # (N,) what each vector is of, by cluster, ascending within it
    vectors: Floats  # (N, d)
    starts: NDArray[np.int64]  # (C + 1,) where each cluster begins
    means: Floats  # (C, d)

    @classmethod
    def of(cls, rows: NDArray[np.int64], vectors: Floats, queries: Floats) -> Self:
        """Cluster vectors (N, d), N > 0, for queries such as these (Q, d)."""
        values, directions = np.linalg.eigh(queries.T @ queries / max(1, len(queries)))
        placed = vectors @ (directions * np.sqrt(np.maximum(values, 0)))
        nearest = _nearest(placed, _centres(placed))
        order = np.argsort(nearest, kind="stable")
        begins = np.flatnonzero(np.diff(nearest[order], prepend=-1))
        starts, ordered = np.append(begins, len(rows)), vectors[order]
        means = np.add.reduceat(ordered, begins, axis=0) / np.diff(starts)[:, None]
        return cls(rows[order].astype(np.int32), ordered, starts, means.astype(np.float32))

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], name: str) -> Self:
        """Take what `arrays` of the same name gave."""
        return cls(*(arrays[f"{name}_{part}"] for part in cls.__annotations__))

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Name the arrays for a file."""
        return {f"{name}_{part}": getattr(self, part) for part in self.__annotations__}

    def best(self, query: Floats, k: int, share: float, above: float = -np.inf) -> NDArray[np.int64]:
        """Rows of at most `k` vectors whose inner products with a query (d,) are highest, and above a number.

        `share` is the part of the vectors that is looked at.
        """
        looked_at = np.argsort(-(self.means @ query), kind="stable")
        starts, ends = self.starts[looked_at], self.starts[looked_at + 1]
        enough = np.searchsorted(np.cumsum(ends - starts), max(share * max(len(self.rows), FEW), k)) + 1
        starts, ends = starts[:enough], ends[:enough]
        parts = [self.vectors[start:end] @ query for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        scores = np.concatenate(parts)
        best = best_of(scores, None, k)
        best = best[scores[best] > above]
        # where each place among those looked at is among all
        begins = np.cumsum(ends - starts) - (ends - starts)
        of_part = np.searchsorted(begins, best, side="right") - 1
        rows: NDArray[np.int64] = self.rows[best - begins[of_part] + starts[of_part]].astype(np.int64)
        return rows


def _centres(placed: Floats) -> Floats:
    """Find as many centres as the root of the vectors' number by Lloyd's k-means on a sample, always the same."""
    count = round(np.sqrt(len(placed)))
    drawn = np.random.default_rng(0).permutation(len(placed))[: SAMPLED * count]
    sample = placed[drawn]
    centres = sample[:count].copy()
    for _ in range(ROUNDS):
        nearest = _nearest(sample, centres)
        order = np.argsort(nearest, kind="stable")
        begins = np.flatnonzero(np.diff(nearest[order], prepend=-1))
        sizes = np.diff(np.append(begins, len(sample)))[:, None].astype(np.float32)
        centres[nearest[order][begins]] = np.add.reduceat(sample[order], begins, axis=0) / sizes
    return centres


def _nearest(placed: Floats, centres: Floats) -> NDArray[np.int64]:
    half = np.square(centres).sum(axis=1) / 2
    parts = [
        (placed[start : start + AT_ONCE] @ centres.T - half).argmax(axis=1) for start in range(0, len(placed), AT_ONCE)
    ]
    return np.concatenate(parts)
