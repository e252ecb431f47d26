"""A ranker's numbers: the probability of a like for users and posts, of all posts or of some pairs.

Both ways fill the same features and give the same numbers to the last bit. One matrix lies feature by feature (Fortran
order for CatBoost), because CatBoost then reads the columns where they are.
"""

from datetime import datetime
from typing import TypeAlias

import numpy as np
from catboost import CatBoostClassifier, Pool
from numpy.typing import NDArray

from features.matrix import base_scores, fill_pairs, fill_users, personal_features, post_template
from features.neighbours import neighbour_scores
from features.serving_state import ServingState

# rows scored at once in bulk: 8k rows of some 60 floats are 2 MB, which stay in the cache; more is slower
CHUNK_ROWS = 1 << 13

Chosen: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64]]  # (m,) places among some users, (m,) posts


class Scorer:
    """Scores posts for users. U users, P posts, F features.

    Not to be shared between threads: the matrix of a request is filled into a buffer that the next one reuses.

    Args:
        state: features at one cut.
        rankers: one an arm, trained on the state's layout.
        threads: how many threads CatBoost may use for one call.
    """

    def __init__(self, state: ServingState, rankers: dict[str, CatBoostClassifier], threads: int) -> None:
        self._state = state
        self._rankers = rankers
        self._threads = threads
        self._template = post_template(state.layout, state.posts)[:, None]  # (F, 1, P)

    def personal(self, arm: str, user_rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Compute the pair and base features of some users, (columns, n, P); row -1 is a user nobody has seen."""
        state = self._state
        neighbours = neighbour_scores(state.neighbours, state.liked_offsets, state.liked_posts, user_rows)
        return personal_features(
            state.users,
            arm,
            user_rows,
            state.posts.topic_rows,
            state.spaces[arm].vectors,
            neighbours,
            state.user_factors[arm][user_rows],
            state.post_factors[arm],
        )

    def score_all(
        self, arm: str, user_rows: NDArray[np.int64], personal: NDArray[np.float32], when: datetime
    ) -> NDArray[np.float32]:
        """Score every post for some users, (n, P), as many rows at a time as stay in the cache."""
        state = self._state
        posts = len(state.post_ids)
        chunk = max(1, min(CHUNK_ROWS // posts, len(user_rows)))
        buffer = self._template if chunk == 1 else np.repeat(self._template, chunk, axis=1)
        scores = np.empty((len(user_rows), posts), dtype=np.float32)
        for start in range(0, len(user_rows), chunk):
            rows = user_rows[start : start + chunk]
            part = buffer if len(rows) == chunk else buffer[:, : len(rows)].copy()
            part_of = personal[:, start : start + chunk]
            fill_users(part, state.layout, state.users, rows, part_of, when.hour, when.isoweekday())
            scores[start : start + len(rows)] = self._predict(arm, part.reshape(len(part), -1)).reshape(-1, posts)
        return scores

    def score_some(
        self, arm: str, user_rows: NDArray[np.int64], personal: NDArray[np.float32], chosen: Chosen, when: datetime
    ) -> NDArray[np.float32]:
        """Score m pairs of the users and posts, (m,)."""
        scores = np.empty(len(chosen[0]), np.float32)
        for start in range(0, len(scores), CHUNK_ROWS):
            part = slice(start, start + CHUNK_ROWS)
            some = (chosen[0][part], chosen[1][part])
            scores[part] = self._predict(arm, self.matrix(user_rows, personal, some, when))
        return scores

    def contributions(
        self, arm: str, user_row: int, when: datetime, post_rows: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Divide each post's raw score among the features: (len(post_rows), F + 1), in log-odds, the last for all.

        A row adds up to the raw score, whose logistic function is the probability. The trees' part is divided as in
        Lundberg, Erion and Lee, "Consistent Individualized Feature Attribution for Tree Ensembles", 2018, as CatBoost
        computes it (`ShapValues`); a base column stands for itself, less its mean over all posts. Safe in any thread.
        """
        rows = np.array([user_row])
        personal = self.personal(arm, rows)
        matrix = self.matrix(rows, personal, (np.zeros_like(post_rows), post_rows), when)
        shap: NDArray[np.float64] = self._rankers[arm].get_feature_importance(
            Pool(matrix.T), type="ShapValues", thread_count=self._threads
        )
        base = self._state.layout.slices["base"]
        typical = personal[-(base.stop - base.start) :, 0].mean(axis=1)  # (3,)
        shap[:, base] += matrix[base].T - typical
        shap[:, -1] += typical.sum()
        return shap

    def matrix(
        self, user_rows: NDArray[np.int64], personal: NDArray[np.float32], chosen: Chosen, when: datetime
    ) -> NDArray[np.float32]:
        """Lay out the features of m pairs of the users and posts, (F, m)."""
        state, template = self._state, self._template[:, 0]
        return fill_pairs(
            template, state.layout, state.users, user_rows, personal, chosen, when.hour, when.isoweekday()
        )

    def _predict(self, arm: str, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn features (F, m) into probabilities (m,)."""
        raw = self._rankers[arm].predict(matrix.T, prediction_type="RawFormulaVal", thread_count=self._threads)
        raw += base_scores(self._state.layout, matrix.T)
        probabilities: NDArray[np.float32] = (1 / (1 + np.exp(-raw))).astype(np.float32)
        return probabilities
