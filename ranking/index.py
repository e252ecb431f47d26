"""An approximate index of texts for networks with more posts than a request can look at one by one.

A graph an arm (HNSW by `usearch`) of text vectors by cosine, built when a snapshot is written, and mapped from its file
afterwards. The factor model is asked exactly, whatever the number of posts: its best are those of an inner product with
vectors of uneven length, of which graphs find few (decision 0017).

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
from ranking.shelf import Rows
from ranking.top_k import NOTHING

INDEX_FILES = "*.usearch"
CONNECTIVITY, EXPAND_ADD, EXPAND_SEARCH = 16, 96, 400


@dataclass(frozen=True)
class Index:
    """Of one arm's posts."""

    texts: Graph

    def alike(self, audience: Audience, k: int) -> Rows:
        """Posts whose texts are nearest to what each user liked: (n, k), then -1; nothing for who liked nothing."""
        rows = _search(self.texts, audience.liked, k)
        rows[~audience.liked.any(axis=1)] = NOTHING
        return rows


def save_index(state: ServingState, folder: Path, threads: int = 1) -> None:
    """Build the graph of each arm over the posts that may be shown, into a snapshot under construction.

    With more than one thread it is built faster, and is another one each time.
    """
    rows = np.flatnonzero(state.eligible)
    for arm in ARMS:
        vectors = state.spaces[arm].vectors
        graph = _graph(vectors.shape[1])
        graph.add(rows, np.ascontiguousarray(vectors[rows]), threads=threads)
        graph.save(str(_file(folder, arm)))


def open_index(folder: Path) -> dict[str, Index]:
    """Map the graph of each arm, if the snapshot has it."""
    files = {arm: _file(folder, arm) for arm in ARMS}
    return {arm: Index(_mapped(file)) for arm, file in files.items() if file.exists()}


def _graph(width: int) -> Graph:
    return Graph(
        ndim=width,
        metric=MetricKind.IP,  # text vectors have unit length: the cosine
        dtype=ScalarKind.F32,
        connectivity=CONNECTIVITY,
        expansion_add=EXPAND_ADD,
        expansion_search=EXPAND_SEARCH,
    )


def _mapped(file: Path) -> Graph:
    graph = Graph.restore(str(file), view=True)
    graph.expansion_search = EXPAND_SEARCH  # which the file does not hold
    return graph


def _search(graph: Graph, queries: NDArray[np.float32], k: int) -> Rows:
    rows = np.full((len(queries), k), NOTHING, np.int64)
    found = graph.search(queries, k, threads=1)
    keys = np.atleast_2d(found.keys).astype(np.int64)
    rows[:, : keys.shape[1]] = keys
    if len(queries) > 1:
        rows[np.arange(k) >= np.atleast_1d(found.counts)[:, None]] = NOTHING
    return rows


def _file(folder: Path, arm: str) -> Path:
    return folder / f"{arm}.texts.usearch"
