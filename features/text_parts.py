"""Embedding texts in other processes: chunks of batches go there as files, and vectors come back as files.

Batches are made up before they are dealt out, and one thread runs each, so that a vector is the same to the last bit
wherever it was computed on processors of one kind.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.settings import FeatureSettings
from core.spread import Spread
from features.array_files import mapped, save_arrays
from features.text_transformer import Batch, Encoder, find_model


@dataclass(frozen=True)
class TextPart:
    """One chunk of batches."""

    tokens: Path  # arrays `tokens` (all in a row), `lengths` of the texts and `batches`, how many texts each has
    vectors: Path  # where to leave array `vectors` (texts, width)
    settings: FeatureSettings


@dataclass(frozen=True)
class InParts:
    """Runs the model by a spread; the files live in `folder`, which every process must see."""

    spread: Spread
    folder: Path
    settings: FeatureSettings

    def __call__(self, chunks: Sequence[Sequence[Batch]]) -> Generator[NDArray[np.float32], None, None]:
        """Give the vectors of each chunk, in order."""
        parts = []
        for number, chunk in enumerate(chunks):
            part = TextPart(self.folder / f"{number}.tokens", self.folder / f"{number}.vectors", self.settings)
            texts = [text for batch in chunk for text in batch]
            arrays = {
                "tokens": np.array([token for text in texts for token in text], np.int64),
                "lengths": np.array([len(text) for text in texts], np.int64),
                "batches": np.array([len(batch) for batch in chunk], np.int64),
            }
            save_arrays(arrays, part.tokens, {})
            parts.append(part)
        for file in self.spread(embed_part, parts):
            yield mapped(file)[0]["vectors"]


def embed_part(part: TextPart) -> Path:
    """Run the model on a chunk's batches, one after the other."""
    arrays, _ = mapped(part.tokens)
    texts = [text.tolist() for text in np.split(arrays["tokens"], np.cumsum(arrays["lengths"])[:-1])]
    ends = np.cumsum(arrays["batches"]).tolist()
    starts = [0, *ends[:-1]]
    encoder = _encoder(part.settings)
    vectors = [encoder.run(texts[start:end]) for start, end in zip(starts, ends, strict=True)]
    save_arrays({"vectors": np.concatenate(vectors)}, part.vectors, {})
    return part.vectors


@lru_cache(maxsize=1)
def _encoder(settings: FeatureSettings) -> Encoder:
    """One for all parts that this process embeds."""
    return Encoder(find_model(settings), settings)
