"""The control arm's view of texts: TF-IDF over words, then the space both arms share."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from core.settings import FeatureSettings
from features.text_space import SpaceReducer, TextSpace, has_text, read_arrays, write_arrays

TERMS_FILE = "terms.json"

_MAX_TERMS = 50_000
# Below this many texts every word counts; above it a word of one text says nothing about others, and a word in half of
# them says nothing at all. The latter stands in for stop words, whatever the language.
_ENOUGH_TEXTS = 100
_PRUNING = {"min_df": 2, "max_df": 0.5}

# Scripts written without spaces (Thai, Lao, Khmer, kana, Han) give pairs of letters instead of words.
_UNSPACED = "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
# Vowel signs and accents that stand as characters of their own belong to the word, though \w leaves them out.
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f"  # Latin and Greek, Hebrew, Arabic
    "\u0900-\u0963\u0966-\u0dff\u0f71-\u0f84\u102b-\u103e\u200c\u200d"  # India, Tibet, Burma, joiners
)
_TOKEN = re.compile(rf"(?=([{_UNSPACED}]{{2}}))|((?:[^\W{_UNSPACED}]|[{_MARKS}]){{2,}})")


def words(text: str) -> list[str]:
    """The lower-cased words of a text in any language, single letters left out.

    >>> words("Größe XL, don't!")
    ['größe', 'xl', 'don']
    >>> words("東京都")
    ['東京', '京都']
    """
    return [pair or word for pair, word in _TOKEN.findall(text.lower())]


@dataclass(frozen=True)
class ClassicalEncoder:
    """TF-IDF and the space fitted on its rows. It never changes after `fit`."""

    terms: list[str]  # (M,) in the order of the matrix' columns
    weights: NDArray[np.float32]  # (M,) inverse document frequencies
    reducer: SpaceReducer

    @classmethod
    def fit(cls, texts: Sequence[str], settings: FeatureSettings) -> Self:
        """Learn terms, weights and space from `texts`. Texts without words, or no texts at all, work as well."""
        terms, weights = _terms(list(compress(texts, has_text(texts))))
        reducer = SpaceReducer.fit(_matrix(texts, terms, weights), settings, settings.seed)
        return cls(terms, weights, reducer)

    def transform(self, texts: Sequence[str]) -> TextSpace:
        """Place `texts` in the space; one that shares no term with the fitted ones is as good as without text."""
        return self.reducer.transform(_matrix(texts, self.terms, self.weights), has_text(texts))

    def save(self, folder: Path) -> None:
        """Write the encoder into `folder`, as safetensors and JSON."""
        write_arrays(folder, {"weights": self.weights, **self.reducer.to_arrays()})
        (folder / TERMS_FILE).write_text(json.dumps(self.terms), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; it transforms as before, to the last bit."""
        arrays = read_arrays(folder)
        terms = json.loads((folder / TERMS_FILE).read_text(encoding="utf-8"))
        return cls(terms, arrays["weights"], SpaceReducer.from_arrays(arrays))


def _vectorizer(**options: Any) -> Any:
    # here: see features.text_space
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer=words, sublinear_tf=True, dtype=np.float32, **options)


def _terms(texts: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
    for pruning in (_PRUNING, {}) if len(texts) >= _ENOUGH_TEXTS else ({},):
        try:
            vectorizer = _vectorizer(max_features=_MAX_TERMS, **pruning).fit(texts)
        except ValueError:
            continue  # no word at all, or none that pruning leaves
        return vectorizer.get_feature_names_out().tolist(), vectorizer.idf_.astype(np.float32)
    return [], np.zeros(0, np.float32)


def _matrix(texts: Sequence[str], terms: Sequence[str], weights: NDArray[np.float32]) -> csr_matrix:
    """(P, M) float32, rows of unit length."""
    if not terms or not texts:
        return csr_matrix((len(texts), len(terms)), dtype=np.float32)
    vectorizer = _vectorizer(vocabulary=terms)
    vectorizer.idf_ = weights
    return csr_matrix(vectorizer.transform(texts))
