"""What every CatBoost model here has in common: nothing of it is left to chance, and its file is its content alone."""

from pathlib import Path
from typing import Any, Final

from catboost import CatBoostClassifier, CatBoostError

from core.errors import SnapshotDamaged

# CatBoost draws by thread, so that the number of cores would change the model
NO_CHANCE: Final[dict[str, Any]] = {"bootstrap_type": "No", "random_strength": 0, "boosting_type": "Plain"}
QUIET: Final[dict[str, Any]] = {"allow_writing_files": False, "verbose": False}


def anonymous(model: CatBoostClassifier) -> CatBoostClassifier:
    """The model without the time of day and a random id: equal ones are equal files, as a snapshot's hash tells."""
    metadata = model.get_metadata()
    for name in ("train_finish_time", "model_guid"):
        del metadata[name]
    return model


def save_trees(model: CatBoostClassifier, path: Path) -> None:
    """Write the model in CatBoost's own format (.cbm)."""
    model.save_model(str(path), format="cbm")


def load_trees(path: Path, what: str) -> CatBoostClassifier:
    """Read a model written by `save_trees`; `what` is what the file should be, in words.

    Raises:
        SnapshotDamaged: the file is missing or is not a model.
    """
    try:
        return CatBoostClassifier().load_model(str(path), format="cbm")
    except CatBoostError as error:
        raise SnapshotDamaged(
            f"{path.name} in {path.parent} cannot be read as {what}: {error}; publish again or roll back"
        ) from error
