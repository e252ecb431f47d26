"""How much users of a profile like a topic, before anything is known of their own taste.

A small CatBoost over the profile columns and the topic, fitted on one cell for each user and topic: its views with and
without a like, as weights. It is where the estimate of a user starts, and all there is of a user without events.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from catboost import CatBoostClassifier, CatBoostError, Pool
from numpy.typing import NDArray

from core.errors import SnapshotDamaged

PRIOR_FILE = "profile_prior.cbm"
_ITERATIONS, _DEPTH, _LEARNING_RATE = 200, 6, 0.1


@dataclass(frozen=True)
class ProfilePrior:
    """The fitted model, or None where there was nothing to learn from: then every log-odds is 0."""

    model: CatBoostClassifier | None

    @classmethod
    def fit(
        cls,
        profiles: NDArray[np.float32],  # (U, C), NaN for unknown
        topic_codes: NDArray[np.float32],  # (T,), NaN for a topic that training does not know
        views: NDArray[np.float32],  # (U, T)
        likes: NDArray[np.float32],  # (U, T)
        threads: int,
    ) -> Self:
        """Learn from the views and likes of U users in each of T topics. The same input gives the same model."""
        weights = np.concatenate([likes.ravel(), np.maximum(views - likes, 0).ravel()])
        used = weights > 0
        labels = np.repeat(np.array([1, 0], np.int8), views.size)
        if len(np.unique(labels[used])) < 2:
            return cls(None)
        cells = np.tile(_cells(profiles, topic_codes), (2, 1))
        model = CatBoostClassifier(
            iterations=_ITERATIONS,
            depth=_DEPTH,
            learning_rate=_LEARNING_RATE,
            bootstrap_type="No",  # nothing is drawn at random, see ranking.train
            random_strength=0,
            boosting_type="Plain",
            thread_count=threads,
            allow_writing_files=False,
            verbose=False,
        )
        model.fit(Pool(np.asfortranarray(cells[used]), label=labels[used], weight=weights[used]))
        return cls(_anonymous(model))

    def log_odds(self, profiles: NDArray[np.float32], topic_codes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-odds of a like for users (U, C) in topics (T,): (U, T)."""
        if self.model is None:
            return np.zeros((len(profiles), len(topic_codes)), np.float32)
        raw = self.model.predict(np.asfortranarray(_cells(profiles, topic_codes)), prediction_type="RawFormulaVal")
        return np.asarray(raw, np.float32).reshape(len(profiles), len(topic_codes))

    def save(self, folder: Path) -> None:
        """Write the model, if there is one, in CatBoost's own format."""
        if self.model is not None:
            self.model.save_model(str(folder / PRIOR_FILE), format="cbm")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            SnapshotDamaged: the file is not a model.
        """
        path = folder / PRIOR_FILE
        if not path.exists():
            return cls(None)
        try:
            return cls(CatBoostClassifier().load_model(str(path), format="cbm"))
        except CatBoostError as error:
            raise SnapshotDamaged(
                f"{path.name} in {folder} cannot be read as a model: {error}; publish again or roll back"
            ) from error


def _cells(profiles: NDArray[np.float32], topic_codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """A row for each user and topic, users first: (U · T, C + 1)."""
    return np.hstack(
        [np.repeat(profiles, len(topic_codes), axis=0), np.tile(topic_codes, len(profiles))[:, None]]
    ).astype(np.float32)


def _anonymous(model: CatBoostClassifier) -> CatBoostClassifier:
    metadata = model.get_metadata()
    for name in ("train_finish_time", "model_guid"):  # equal models are equal files
        del metadata[name]
    return model
