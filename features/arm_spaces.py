"""Which text space each arm ranks with: the one place in which arms differ.

Everything else, from fitting to serving, goes through all of `core.columns.ARMS` and asks here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.columns import ARMS, CONTROL, TEST
from core.settings import FeatureSettings
from features.fitted import arm_folder
from features.text_classical import ClassicalEncoder
from features.text_neural import NeuralEncoder
from features.text_space import TextSpace, has_text


@dataclass(frozen=True)
class Readings:
    """What can be read of P posts."""

    texts: Sequence[str]
    embeddings: NDArray[np.float32]  # (P, width) the transformer's; a zero row for a post without text

    @cached_property
    def has_text(self) -> NDArray[np.bool_]:
        return has_text(self.texts)

    def of(self, chosen: NDArray[np.bool_]) -> Self:
        """Some of the posts, given as (P,)."""
        return type(self)(list(compress(self.texts, chosen)), self.embeddings[chosen])


class Encoder(Protocol):
    """What an arm has learned of texts. It never changes, and is saved without pickle."""

    def save(self, folder: Path) -> None:
        """Write it into `folder`, which is made if need be."""


@dataclass(frozen=True)
class Encoding:
    """How an arm learns a text space, places posts in it, and reads again what its encoder has saved."""

    fit: Callable[[Readings, FeatureSettings], Encoder]
    place: Callable[[Any, Readings], TextSpace]  # the encoder that `fit` gave, or `load`
    load: Callable[[Path], Encoder]


ENCODINGS: Final[Mapping[str, Encoding]] = {
    CONTROL: Encoding(
        fit=lambda posts, settings: ClassicalEncoder.fit(posts.texts, settings),
        place=lambda encoder, posts: encoder.transform(posts.texts),
        load=ClassicalEncoder.load,
    ),
    TEST: Encoding(
        fit=lambda posts, settings: NeuralEncoder.fit(posts.embeddings[posts.has_text], settings),
        place=lambda encoder, posts: encoder.transform(posts.embeddings, posts.has_text),
        load=NeuralEncoder.load,
    ),
}


@dataclass(frozen=True)
class Encoders:
    """One encoder an arm."""

    by_arm: Mapping[str, Encoder]

    @classmethod
    def fit(cls, posts: Readings, settings: FeatureSettings) -> Self:
        """Learn every arm's space from posts."""
        return cls({arm: ENCODINGS[arm].fit(posts, settings) for arm in ARMS})

    def spaces(self, posts: Readings) -> dict[str, TextSpace]:
        """Place posts in every arm's space."""
        return {arm: ENCODINGS[arm].place(encoder, posts) for arm, encoder in self.by_arm.items()}

    def save(self, folder: Path) -> None:
        """Write them into a snapshot's folder."""
        for arm, encoder in self.by_arm.items():
            encoder.save(arm_folder(folder, arm))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls({arm: ENCODINGS[arm].load(arm_folder(folder, arm)) for arm in ARMS})
