"""The pair of rankers and all that was fitted with them: codebook, one text encoder and one CatBoost an arm.

They are trained together, saved together and used together: a refresh computes new features with the standing pair's
codebook and encoders, so that its columns mean what they meant at training.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Self

import duckdb
import numpy as np
from catboost import CatBoostClassifier
from numpy.typing import NDArray

from core.columns import ARMS, CONTROL, TEST
from core.logging import get_logger
from core.settings import Settings
from features.catalog import Layout
from features.codebook import Codebook
from features.neighbours import Neighbours
from features.posts import Posts
from features.text_classical import ClassicalEncoder
from features.text_neural import NeuralEncoder
from features.text_space import TextSpace
from features.training_set import build_training_set, labelled_views
from ranking.recommender import ranker_file
from ranking.train import fit_ranker, load_ranker, save_ranker

log = get_logger(__name__)

CODEBOOK_FILE = "codebook.json"
ENCODERS_FOLDER = "encoders"
NEIGHBOURS_FOLDER = "neighbours"


@dataclass(frozen=True)
class Rankers:
    """Everything fitted at one moment of training."""

    codebook: Codebook
    classical: ClassicalEncoder
    neural: NeuralEncoder
    models: dict[str, CatBoostClassifier]  # by arm
    layout: Layout
    neighbours: Neighbours

    def spaces(self, posts: Posts, embeddings: NDArray[np.float32]) -> dict[str, TextSpace]:
        """Place all posts in both arms' text spaces; `embeddings` is (P, width), one row a post."""
        return _spaces(self.classical, self.neural, posts, embeddings)

    def save(self, folder: Path) -> None:
        """Write the pair into a snapshot under construction."""
        self.codebook.save(folder / CODEBOOK_FILE)
        self.neighbours.save(folder / NEIGHBOURS_FOLDER)
        for arm, encoder in ((CONTROL, self.classical), (TEST, self.neural)):
            place = folder / ENCODERS_FOLDER / arm
            place.mkdir(parents=True)
            encoder.save(place)
        for arm, model in self.models.items():
            save_ranker(model, folder / ranker_file(arm))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the pair from a published snapshot."""
        models = {arm: load_ranker(folder / ranker_file(arm)) for arm in ARMS}
        return cls(
            codebook=Codebook.load(folder / CODEBOOK_FILE),
            classical=ClassicalEncoder.load(folder / ENCODERS_FOLDER / CONTROL),
            neural=NeuralEncoder.load(folder / ENCODERS_FOLDER / TEST),
            models=models,
            layout=Layout.of_names(models[CONTROL].feature_names_),
            neighbours=Neighbours.load(folder / NEIGHBOURS_FOLDER),
        )


def fit_rankers(
    con: duckdb.DuckDBPyConnection,
    posts: Posts,
    embeddings: NDArray[np.float32],
    known: NDArray[np.bool_],
    until: datetime,
    settings: Settings,
) -> Rankers:
    """Fit both arms on what was known by `until`, through one code path.

    Args:
        con: the warehouse.
        posts: all posts (P).
        embeddings: (P, width) the transformer's.
        known: (P,) posts whose texts the encoders may learn from.
        until: labels and views stop here, UTC.
        settings: of the whole project.

    Raises:
        TrainingError: there are no views, no likes, or nothing but likes.
    """
    features, ranking = settings.features, settings.ranking
    codebook = Codebook.fit(con, posts.topics_of(known))
    chosen = np.flatnonzero(known)
    classical = ClassicalEncoder.fit([posts.texts[i] for i in chosen], features)
    neural = NeuralEncoder.fit(embeddings[known & posts.has_text], features)
    spaces = _spaces(classical, neural, posts, embeddings)
    layout = Layout(tuple(codebook.names), features.text_components, features.text_clusters)
    since = datetime.combine((until - timedelta(days=ranking.train_days)).date(), time())
    views = labelled_views(
        con, since, until, features.attribution_window, rows=ranking.max_training_rows, seed=ranking.seed
    )
    training = build_training_set(con, views, posts, spaces, codebook, layout, ranking.popularity_half_life)
    log.info("training on %d views of %s to %s, %d liked", views.height, since, until, training.labels.sum())
    models = {
        arm: fit_ranker(training.matrix(arm), training.labels, layout.names, None, ranking, settings.threads)
        for arm in ARMS
    }
    return Rankers(codebook, classical, neural, models, layout, Neighbours.fit(con, until))


def _spaces(
    classical: ClassicalEncoder, neural: NeuralEncoder, posts: Posts, embeddings: NDArray[np.float32]
) -> dict[str, TextSpace]:
    return {CONTROL: classical.transform(posts.texts), TEST: neural.transform(embeddings, posts.has_text)}
