"""An approximate index of posts for networks with more of them than a request can look at one by one.

Two graphs an arm (HNSW by `usearch`): one of text vectors by cosine, one for the factor model, whose log-odds are an
inner product (`ranking.shelf.model_vectors`). They are built when a snapshot is written, and mapped from its files
afterwards.

Source: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical Navigable
Small World graphs", 2018.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from usearch.index import Index as Graph
from usearch.index import MetricKind, ScalarKind

from core.columns import ARMS
from features.audience import Audience
from features.serving_state import ServingState
from ranking.shelf import Rows, model_queries, model_vectors
from ranking.top_k import NOTHING

INDEX_FILES = "*.usearch"
CONNECTIVITY, EXPAND_ADD, EXPAND_SEARCH = 16, 96, 192


@dataclass(frozen=True)
class Index:
    """Of one arm's posts."""

    texts: Graph
    model: Graph
    profile_weight: np.float32

    def alike(self, audience: Audience, k: int) -> Rows:
        """Posts whose texts are nearest to what each user liked: (n, k), then -1; nothing for who liked nothing."""
        rows = _search(self.texts, audience.liked, k)
        rows[~audience.liked.any(axis=1)] = NOTHING
        return rows

    def favourites(self, audience: Audience, k: int) -> Rows:
        """Posts that the factor model scores best for each user: (n, k), then -1."""
        return _search(self.model, model_queries(audience, self.profile_weight), k)


def save_index(state: ServingState, folder: Path, threads: int = 1) -> None:
    """Build both graphs of each arm over the posts that may be shown, into a snapshot under construction.

    With more than one thread it is built faster, and is another one each time.
    """
    for arm in ARMS:
        for name, vectors in (("texts", state.spaces[arm].vectors), ("model", model_vectors(state, arm))):
            graph, rows = _graph(vectors.shape[1]), np.flatnonzero(state.eligible)
            graph.add(rows, np.ascontiguousarray(vectors[rows]), threads=threads)
            graph.save(str(_file(folder, arm, name)))


def open_index(state: ServingState, folder: Path) -> dict[str, Index]:
    """Map the graphs of each arm, if the snapshot has them."""
    found = {}
    for arm in ARMS:
        files = [_file(folder, arm, name) for name in ("texts", "model")]
        if all(file.exists() for file in files):
            texts, model = (Graph.restore(str(file), view=True) for file in files)
            found[arm] = Index(texts, model, state.post_factors[arm].profile_weight)
    return found


def _graph(width: int) -> Graph:
    return Graph(
        ndim=width,
        metric=MetricKind.IP,  # text vectors have unit length: the cosine
        dtype=ScalarKind.F32,
        connectivity=CONNECTIVITY,
        expansion_add=EXPAND_ADD,
        expansion_search=EXPAND_SEARCH,
    )


def _search(graph: Graph, queries: NDArray[np.float32], k: int) -> Rows:
    rows = np.full((len(queries), k), NOTHING, np.int64)
    found = graph.search(queries, k, threads=1)
    keys = np.atleast_2d(found.keys).astype(np.int64)
    rows[:, : keys.shape[1]] = keys
    if len(queries) > 1:
        rows[np.arange(k) >= np.atleast_1d(found.counts)[:, None]] = NOTHING
    return rows


def _file(folder: Path, arm: str, name: str) -> Path:
    return folder / f"{arm}.{name}.usearch"
