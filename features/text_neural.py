"""The test arm's view of texts: a transformer's embeddings, then the space both arms share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.settings import FeatureSettings
from features.text_space import SpaceReducer, TextSpace, read_arrays, write_arrays


@dataclass(frozen=True)
class NeuralEncoder:
    """The space fitted on embeddings that `text_transformer.embed_texts` made. It never changes after `fit`."""

    reducer: SpaceReducer

    @classmethod
    def fit(cls, embeddings: NDArray[np.float32], settings: FeatureSettings) -> Self:
        """Learn the space from `embeddings` (P, width); zero rows, those of posts without text, are left out."""
        return cls(SpaceReducer.fit(embeddings, settings, settings.seed))

    def transform(self, embeddings: NDArray[np.float32], has_text: NDArray[np.bool_]) -> TextSpace:
        """Place `embeddings` (P, width) in the space."""
        return self.reducer.transform(embeddings, has_text)

    def save(self, folder: Path) -> None:
        """Write the encoder into `folder`, as safetensors."""
        write_arrays(folder, self.reducer.to_arrays())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; it transforms as before, to the last bit."""
        return cls(SpaceReducer.from_arrays(read_arrays(folder)))
