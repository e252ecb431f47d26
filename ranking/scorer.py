"""A ranker's numbers: the probability of a like for users and posts, of all posts or of some pairs.

Both ways fill the same features; products are summed in other orders, so that their numbers agree to rounding. One
matrix lies feature by feature (Fortran order for CatBoost), because CatBoost then reads the columns where they are.
"""

from datetime import datetime

import numpy as np
from catboost import CatBoostClassifier, Pool
from numpy.typing import NDArray

from features.audience import Audience
from features.matrix import base_scores, fill_pairs, fill_users, pair_features, personal_features, post_template
from features.neighbours import neighbour_scores
from features.serving_state import ServingState

# rows scored at once in bulk: 8k rows of some 60 floats are 2 MB, which stay in the cache; more is slower
CHUNK_ROWS = 1 << 13


class Scorer:
    """Scores posts for users. U users, P posts, F features. Safe in any thread.

    Args:
        state: features at one cut.
        rankers: one an arm, trained on the state's layout.
        threads: how many threads CatBoost may use for one call.
    """

    def __init__(self, state: ServingState, rankers: dict[str, CatBoostClassifier], threads: int) -> None:
        self._state = state
        self._rankers = rankers
        self._threads = threads

    def score_all(self, arm: str, audience: Audience, when: datetime) -> NDArray[np.float32]:
        """Score every post for some users, (n, P), as many rows at a time as stay in the cache."""
        state, n = self._state, len(audience)
        posts = len(state.post_ids)
        chunk = max(1, min(CHUNK_ROWS // max(1, posts), n))
        buffer = np.repeat(post_template(state.layout, state.posts)[:, None], chunk, axis=1)  # (F, chunk, P)
        scores = np.empty((n, posts), dtype=np.float32)
        for start in range(0, n, chunk):
            some = audience.part(start, start + chunk)
            part = buffer if len(some) == chunk else buffer[:, : len(some)].copy()
            near = neighbour_scores(state.neighbours, *some.likes, len(some))
            vectors, learned = state.spaces[arm].vectors, state.post_factors[arm]
            personal = personal_features(some, state.posts.topic_rows, vectors, near, learned)
            fill_users(part, state.layout, some, personal, when.hour, when.isoweekday())
            scores[start : start + len(some)] = self._predict(arm, part.reshape(len(part), -1)).reshape(-1, posts)
        return scores

    def score_pairs(
        self,
        arm: str,
        audience: Audience,
        owners: NDArray[np.int64],  # (m,) which of the users
        posts: NDArray[np.int64],  # (m,)
        neighbours: NDArray[np.float32],  # (m,)
        when: datetime,
    ) -> NDArray[np.float32]:
        """Score m pairs of the users and posts, (m,)."""
        scores = np.empty(len(posts), np.float32)
        for start in range(0, len(scores), CHUNK_ROWS):
            part = slice(start, start + CHUNK_ROWS)
            matrix = self._matrix(arm, audience, owners[part], posts[part], neighbours[part], when)
            scores[part] = self._predict(arm, matrix)
        return scores

    def contributions(
        self, arm: str, audience: Audience, when: datetime, post_rows: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Divide each post's raw score among the features: (len(post_rows), F + 1), in log-odds, the last for all.

        A row adds up to the raw score, whose logistic function is the probability. The trees' part is divided as in
        Lundberg, Erion and Lee, "Consistent Individualized Feature Attribution for Tree Ensembles", 2018, as CatBoost
        computes it (`ShapValues`); a base column stands for itself, less its mean over all posts. `audience` is one
        user.
        """
        state = self._state
        near = neighbour_scores(state.neighbours, *audience.likes, 1)[0]
        matrix = self._matrix(arm, audience, np.zeros_like(post_rows), post_rows, near[post_rows], when)
        shap: NDArray[np.float64] = self._rankers[arm].get_feature_importance(
            Pool(matrix.T), type="ShapValues", thread_count=self._threads
        )
        base, learned = state.layout.slices["base"], state.post_factors[arm]
        of_topics = audience.prior[0] @ np.bincount(state.posts.topic_rows, minlength=len(state.topics))
        typical = np.array(
            [
                learned.profile_weight * of_topics / len(state.post_ids),
                learned.quality.mean(),
                audience.factors[0] @ learned.factors.mean(axis=0),
            ]
        )
        shap[:, base] += matrix[base].T - typical
        shap[:, -1] += typical.sum()
        return shap

    def _matrix(
        self,
        arm: str,
        audience: Audience,
        owners: NDArray[np.int64],
        posts: NDArray[np.int64],
        neighbours: NDArray[np.float32],
        when: datetime,
    ) -> NDArray[np.float32]:
        """Lay out the features of m pairs, (F, m)."""
        state = self._state
        vectors, learned = state.spaces[arm].vectors, state.post_factors[arm]
        personal = pair_features(audience, owners, posts, state.posts.topic_rows, vectors, neighbours, learned)
        of_posts, layout = state.posts.by_feature, state.layout
        return fill_pairs(of_posts, layout, audience, owners, posts, personal, when.hour, when.isoweekday())

    def _predict(self, arm: str, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn features (F, m) into probabilities (m,)."""
        pool = Pool(matrix.T)  # CatBoost makes one of an array as well, and looks at it longer
        raw = self._rankers[arm].predict(pool, prediction_type="RawFormulaVal", thread_count=self._threads)
        raw += base_scores(self._state.layout, matrix.T)
        probabilities: NDArray[np.float32] = (1 / (1 + np.exp(-raw))).astype(np.float32)
        return probabilities
