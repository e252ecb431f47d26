"""Ranking for a request: one serving state, one ranker an arm, and nothing that changes.

The evaluation, the nightly batch and the API all rank through this class, so that what is judged is what is served. All
eligible posts are scored; posts the user liked before never return; equal scores go by post id. A list may then be
varied, see `ranking.diversity`.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

import duckdb
import numpy as np
from catboost import CatBoostClassifier, Pool
from numpy.typing import NDArray

from core.columns import ARMS
from core.errors import NotFound, SnapshotDamaged
from features.matrix import fill_users, post_template
from features.serving_state import ServingState, place_of
from features.state_tables import read_state
from ranking.diversity import CANDIDATES, rerank
from ranking.top_k import top_k
from ranking.train import load_ranker

STATE_FILE = "features.duckdb"
# rows scored at once in bulk: 8k rows of some 60 floats are 2 MB, which stay in the cache; more is slower
CHUNK_ROWS = 1 << 13


def ranker_file(arm: str) -> str:
    """Name the file of an arm's ranker within a snapshot."""
    return f"{arm}.cbm"


@dataclass(frozen=True)
class Recommendations:
    """Posts best first, with the number each was ranked by."""

    post_ids: NDArray[np.int64]  # (k,)
    scores: NDArray[np.float32]  # (k,)


class Recommender:
    """Scores and ranks posts for users. U users, P posts, F features.

    Not to be shared between threads: the matrix of a request is filled into a buffer that the next one reuses.

    Args:
        state: features at one cut.
        rankers: one a arm, trained on the state's layout.
        threads: how many threads CatBoost may use for one call.
        diversity: how much a list is varied at the cost of its scores, 0 (not at all) to 1.
    """

    def __init__(
        self, state: ServingState, rankers: dict[str, CatBoostClassifier], threads: int = 1, diversity: float = 0.0
    ) -> None:
        for arm, ranker in rankers.items():
            if ranker.feature_names_ != state.layout.names:
                different = sorted(set(ranker.feature_names_) ^ set(state.layout.names)) or "their order"
                raise SnapshotDamaged(
                    f"the {arm} ranker was trained on other features than the state holds (different: {different}); "
                    "run retrain/nightly to train a pair that fits"
                )
        self.state = state
        self._rankers = rankers
        self._threads = threads
        self._diversity = diversity
        self._templates = {
            arm: post_template(state.layout, state.posts, state.spaces[arm])[:, None]
            for arm in rankers  # (F, 1, P)
        }
        likes = np.where(state.eligible, self._likes(), -np.inf)
        self._popular = _best(likes, len(likes))

    @classmethod
    def open(cls, folder: Path, threads: int = 1, diversity: float = 0.0) -> Self:
        """Load a snapshot's state and rankers from its folder."""
        with duckdb.connect(str(folder / STATE_FILE), read_only=True) as con:
            state = read_state(con)
        return cls(state, {arm: load_ranker(folder / ranker_file(arm)) for arm in ARMS}, threads, diversity)

    def score(self, arm: str, user_rows: NDArray[np.int64], when: datetime) -> NDArray[np.float32]:
        """Estimate the probability of a like, for each user and post: (len(user_rows), P).

        Args:
            arm: whose ranker and text space to use.
            user_rows: places in `state.user_ids`; -1 is a user nobody has seen.
            when: moment of the requests, UTC.
        """
        state = self.state
        posts = len(state.post_ids)
        chunk = max(1, min(CHUNK_ROWS // posts, len(user_rows)))
        buffer = self._templates[arm] if chunk == 1 else np.repeat(self._templates[arm], chunk, axis=1)
        scores = np.empty((len(user_rows), posts), dtype=np.float32)
        for start in range(0, len(user_rows), chunk):
            rows = user_rows[start : start + chunk]
            part = buffer if len(rows) == chunk else buffer[:, : len(rows)].copy()
            self._fill(part, arm, rows, when)
            raw = self._rankers[arm].predict(
                part.reshape(len(part), len(rows) * posts).T,
                prediction_type="RawFormulaVal",
                thread_count=self._threads,
            )
            scores[start : start + len(rows)] = (1 / (1 + np.exp(-raw))).reshape(len(rows), posts)
        return scores

    def already_liked(self, user_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(len(user_rows), P) True where the user liked the post before the state's cut."""
        state = self.state
        rows = np.where(user_rows < 0, len(state.user_ids), user_rows)
        starts, ends = state.liked_offsets[rows], state.liked_offsets[rows + 1]
        lengths = ends - starts
        # places of all likes of all rows: each row's start, then counting up
        places = np.repeat(starts - np.append(0, np.cumsum(lengths)[:-1]), lengths) + np.arange(lengths.sum())
        liked = np.zeros((len(rows), len(state.post_ids)), dtype=np.bool_)
        liked[np.repeat(np.arange(len(rows)), lengths), state.liked_posts[places]] = True
        return liked

    def rank(
        self, arm: str, user_rows: NDArray[np.int64], when: datetime, limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rank the posts that each user may be shown: rows of posts and their scores, both (len(user_rows), limit).

        Where fewer posts than `limit` may be shown, the rest is -1 with score NaN.
        """
        scores = self.score(arm, user_rows, when)
        scores[~np.broadcast_to(self.state.eligible, scores.shape) | self.already_liked(user_rows)] = -np.inf
        best = self.choose(arm, scores, limit)
        return best, np.where(best >= 0, np.take_along_axis(scores, best, axis=1), np.float32(np.nan))

    def choose(self, arm: str, scores: NDArray[np.floating], limit: int) -> NDArray[np.int64]:
        """Choose lists by scores (n, P), -inf for a post that may not be shown: (n, limit), -1 where none is left."""
        if self._diversity == 0:
            return top_k(scores, limit)
        candidates = top_k(scores, max(limit, CANDIDATES))
        of_candidates = np.take_along_axis(scores, candidates, axis=1)
        return rerank(candidates, of_candidates, self.state.spaces[arm].vectors, limit, self._diversity)

    def contributions(
        self, arm: str, user_id: int, when: datetime, post_rows: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Divide each post's raw score among the features: (len(post_rows), F + 1), in log-odds, the last the base.

        A row adds up to the raw score, whose logistic function is the probability that `score` gives. Safe in any
        thread. Source: Lundberg, Erion and Lee, "Consistent Individualized Feature Attribution for Tree Ensembles",
        2018, as CatBoost computes it (`ShapValues`).
        """
        place = place_of(self.state.user_ids, user_id)
        # the whole matrix again, though few rows are wanted: the same numbers, to the last bit, that were ranked by
        matrix = self._templates[arm].copy()
        self._fill(matrix, arm, np.array([-1 if place is None else place]), when)
        shap: NDArray[np.float64] = self._rankers[arm].get_feature_importance(
            Pool(matrix[:, 0, post_rows].T), type="ShapValues", thread_count=self._threads
        )
        return shap

    def recommend(self, arm: str, user_id: int, when: datetime, limit: int) -> Recommendations:
        """Recommend at most `limit` posts to one user; a user nobody has seen gets a cold-start answer."""
        place = place_of(self.state.user_ids, user_id)
        rows, scores = self.rank(arm, np.array([-1 if place is None else place]), when, limit)
        shown = rows[0] >= 0
        return Recommendations(self.state.post_ids[rows[0][shown]], scores[0][shown])

    def popular(self, limit: int) -> Recommendations:
        """Give the posts with the most likes, eligible ones only."""
        best = self._popular[:limit]
        return Recommendations(self.state.post_ids[best], self._likes()[best])

    def similar(self, arm: str, post_id: int, limit: int) -> Recommendations:
        """Give the posts nearest to one in the arm's text space, by cosine.

        Raises:
            NotFound: there is no such post.
        """
        place = place_of(self.state.post_ids, post_id)
        if place is None:
            raise NotFound(f"post {post_id} does not exist in this snapshot")
        vectors = self.state.spaces[arm].vectors
        cosines = vectors @ vectors[place]
        cosines[~self.state.eligible] = -np.inf
        cosines[place] = -np.inf
        best = _best(cosines, limit)
        return Recommendations(self.state.post_ids[best], cosines[best])

    def _fill(self, matrix: NDArray[np.float32], arm: str, user_rows: NDArray[np.int64], when: datetime) -> None:
        """Fill the columns of some users into `matrix` (F, len(user_rows), P), which holds the arm's template."""
        state = self.state
        fill_users(
            matrix,
            state.layout,
            state.users,
            arm,
            user_rows,
            state.posts.topic_rows,
            state.spaces[arm].vectors,
            when.hour,
            when.isoweekday(),
        )

    def _likes(self) -> NDArray[np.float32]:
        posts = self.state.layout.names[self.state.layout.slices["post"]]
        return self.state.posts.values[:, posts.index("post_likes")]


def _best(values: NDArray[np.floating], limit: int) -> NDArray[np.int64]:
    """Places of the highest values that are not -inf: at most `limit`."""
    best: NDArray[np.int64] = top_k(values[None], limit)[0]
    return best[best >= 0]
