"""How much users of a profile like a topic, before anything is known of their own taste.

A small CatBoost for each topic over the profile columns, fitted on one row a user: the user's views in the topic with
and without a like, as weights. It is where the estimate of a user starts, and all there is of a user without events.
One model over all topics, with the topic as a column, finds less with the same trees.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from catboost import CatBoostClassifier, Pool
from numpy.typing import NDArray

from features.text_space import read_arrays, write_arrays
from features.trees import NO_CHANCE, QUIET, anonymous, load_trees, save_trees

FOLDER = "profile_prior"
_ITERATIONS, _DEPTH, _LEARNING_RATE = 150, 3, 0.1
_LEAF_VIEWS = 30  # views of nobody in particular that each leaf is shrunk by
_TOPIC_VIEWS = 20  # the same for a topic's like rate


@dataclass(frozen=True)
class ProfilePrior:
    """The fitted models; it never changes after `fit`."""

    rates: NDArray[np.float32]  # (T + 1,) log-odds of a like in each topic by code, the last in any other topic
    models: dict[int, CatBoostClassifier]  # by the code of the topic; those where profiles had something to say
    learned: bool  # whether there were views with and without a like

    @classmethod
    def fit(
        cls,
        profiles: NDArray[np.float32],  # (U, C), NaN for unknown
        views: NDArray[np.float32],  # (U, T)
        likes: NDArray[np.float32],  # (U, T)
        threads: int,
    ) -> Self:
        """Learn from the views and likes of U users in T topics, by code. The same input gives the same models."""
        overall = (likes.sum() + 1) / (views.sum() + 2)
        rates = np.append((likes.sum(axis=0) + _TOPIC_VIEWS * overall) / (views.sum(axis=0) + _TOPIC_VIEWS), overall)
        models, varies = {}, any(_varies(column) for column in profiles.T)
        for code in range(views.shape[1]):
            liked, others = likes[:, code], np.maximum(views[:, code] - likes[:, code], 0)
            if varies and liked.any() and others.any():
                models[code] = _fit(profiles, liked, others, threads)
        learned = bool(likes.any() and (views > likes).any())
        return cls(np.log(rates / (1 - rates)).astype(np.float32), models, learned)

    def log_odds(self, profiles: NDArray[np.float32], topic_codes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-odds of a like for users (U, C) in topics by code (T',), NaN for one it does not know: (U, T')."""
        codes = np.where(np.isnan(topic_codes), len(self.rates) - 1, topic_codes).astype(np.int64)
        out = np.tile(self.rates[codes], (len(profiles), 1))
        columns = np.asfortranarray(profiles)
        for place, code in enumerate(codes.tolist()):
            if code in self.models:
                out[:, place] = self.models[code].predict(columns, prediction_type="RawFormulaVal")
        return out

    def save(self, folder: Path) -> None:
        """Write everything below `folder`, the models in CatBoost's own format."""
        write_arrays(folder / FOLDER, {"rates": self.rates, "learned": np.array([self.learned])})
        for code, model in self.models.items():
            save_trees(model, folder / FOLDER / f"topic_{code}.cbm")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            SnapshotDamaged: a file is not a model.
        """
        models = {
            int(path.stem.removeprefix("topic_")): load_trees(path, "a model")
            for path in (folder / FOLDER).glob("topic_*.cbm")
        }
        arrays = read_arrays(folder / FOLDER)
        return cls(arrays["rates"], models, bool(arrays["learned"][0]))


def _varies(column: NDArray[np.float32]) -> bool:
    """Whether a column holds more than one value, unknown being one: CatBoost refuses to learn from others."""
    return len(np.unique(column)) > 1


def _fit(
    profiles: NDArray[np.float32], liked: NDArray[np.float32], others: NDArray[np.float32], threads: int
) -> CatBoostClassifier:
    weights = np.append(liked, others)
    used = weights > 0
    labels = np.repeat(np.array([1, 0], np.int8), len(liked))
    model = CatBoostClassifier(
        iterations=_ITERATIONS,
        depth=_DEPTH,
        learning_rate=_LEARNING_RATE,
        l2_leaf_reg=_LEAF_VIEWS,
        thread_count=threads,
        **NO_CHANCE,
        **QUIET,
    )
    model.fit(Pool(np.asfortranarray(np.tile(profiles, (2, 1))[used]), label=labels[used], weight=weights[used]))
    return anonymous(model)
