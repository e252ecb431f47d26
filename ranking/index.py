"""An approximate index for networks with more posts than a request can look at one by one.

For each arm the posts' text vectors, and what the factor model knows of posts, in clusters (`ranking.clusters`), built
when a snapshot is written, and mapped from their file afterwards. Decision 0017 says why not in graphs.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.columns import ARMS
from features.array_files import mapped, save_arrays
from features.audience import Audience
from features.serving_state import ServingState
from ranking.clusters import Clusters
from ranking.shelf import Rows, model_queries, model_vectors
from ranking.top_k import NOTHING

INDEX_FILES = "*.clusters.safetensors"
TEXTS, MODEL = 0.05, 0.1  # share of the posts that a request looks at
QUERIES = 10_000  # users whose queries say what lies near


@dataclass(frozen=True)
class Index:
    """Of one arm's posts."""

    texts: Clusters
    model: Clusters

    def alike(self, audience: Audience, k: int) -> Rows:
        """Posts whose texts are nearest to what each user liked: (n, k), then -1; nothing for who liked nothing."""
        return _search(self.texts, audience.liked, k, TEXTS, above=0)

    def promising(self, audience: Audience, profile_weight: np.float32, k: int) -> Rows:
        """Posts that the factor model scores highest for each user: (n, k), then -1."""
        return _search(self.model, model_queries(audience, profile_weight), k, MODEL, above=-np.inf)


def save_index(state: ServingState, folder: Path) -> None:
    """Cluster the posts that may be shown, of each arm, into a snapshot under construction: always the same file."""
    rows = np.flatnonzero(state.eligible)
    if not len(rows):
        return
    users = np.linspace(-1, len(state.user_ids) - 1, min(QUERIES, len(state.user_ids) + 1), dtype=np.int64)
    for arm in ARMS:
        audience, weight = state.audience(arm, users), state.post_factors[arm].profile_weight
        with threadpool_limits(limits=1):  # sums that do not depend on how many cores there are
            texts = Clusters.of(rows, state.spaces[arm].vectors[rows], audience.liked)
            model = Clusters.of(rows, model_vectors(state, arm)[rows], model_queries(audience, weight))
        save_arrays(texts.arrays("texts") | model.arrays("model"), _file(folder, arm), {})


def open_index(folder: Path) -> dict[str, Index]:
    """Map the clusters of each arm, if the snapshot has them."""
    opened = {arm: mapped(_file(folder, arm))[0] for arm in ARMS if _file(folder, arm).exists()}
    return {
        arm: Index(Clusters.from_arrays(arrays, "texts"), Clusters.from_arrays(arrays, "model"))
        for arm, arrays in opened.items()
    }


def _search(clusters: Clusters, queries: NDArray[np.float32], k: int, share: float, above: float) -> Rows:
    """Each query looks into clusters of its own."""
    rows = np.full((len(queries), k), NOTHING, np.int64)
    for of_query, query in zip(rows, queries, strict=True):
        best = clusters.best(query, k, share, above)
        of_query[: len(best)] = best
    return rows


def _file(folder: Path, arm: str) -> Path:
    return folder / f"{arm}.clusters.safetensors"
