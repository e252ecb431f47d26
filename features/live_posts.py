"""Posts that came after the snapshot, at the end of its arrays: known by text and topic, with the history of nobody.

Rows of the posts before them stay what they are, so likes, neighbours and an approximate index go on being right, and
the arrays of users stay mapped from the snapshot's file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.columns import TEST
from features.arm_spaces import Encoders, Readings
from features.as_of import PostFeatures
from features.catalog import POST
from features.codebook import Codebook
from features.factor_model import FactorModel, PostFactors, describe
from features.fitted import CODEBOOK_FILE, arm_folder
from features.known_views import Floats
from features.serving_state import ServingState
from features.text_neural import NeuralEncoder
from features.text_space import TextSpace

PLACES = {spec.name: place for place, spec in enumerate(POST)}
_SPACES = re.compile(r"[\t\n\f\r ]+")  # \s of DuckDB


class NewPost(NamedTuple):
    """A row of the post table."""

    post_id: int
    text: str
    topic: str | None


def text_hash(text: str) -> str:
    """By which texts are told apart."""
    return sha256(text.encode()).hexdigest()


def with_posts(
    state: ServingState, new: Sequence[NewPost], folder: Path, embeddings: Mapping[str, Floats]
) -> ServingState:
    """Append posts to a state, by what the rankers in `folder` were trained with.

    A post of a topic that the state does not know is ranked as one without a topic, or, where there is no such post,
    left to the next snapshot: what is known of users is laid out by topics.

    Args:
        state: of the snapshot.
        new: posts that it does not have.
        folder: of the snapshot.
        embeddings: by text hash, (width,); the test arm knows a post without one by its topic alone.
    """
    topics = {topic: row for row, topic in enumerate(state.topics)}
    rows = [topics.get(post.topic or "", topics.get("", -1)) for post in new]
    placed = [(post, row) for post, row in zip(new, rows, strict=True) if row >= 0]
    if not placed:
        return state
    posts, topic_rows = [post for post, _ in placed], np.array([row for _, row in placed])
    spaces = _spaces(posts, folder, embeddings)
    width, starts = len(state.post_ids) + len(posts), state.neighbours.indptr
    near = (state.neighbours.data, state.neighbours.indices, np.append(starts, np.repeat(starts[-1:], len(posts))))
    return replace(
        state,
        post_ids=np.append(state.post_ids, [post.post_id for post in posts]),
        posts=PostFeatures(
            np.vstack([state.posts.values, _values(state, posts, topic_rows)]),
            np.arange(width),
            np.append(state.posts.topic_rows, topic_rows),
        ),
        eligible=np.append(state.eligible, np.ones(len(posts), np.bool_)),
        spaces={arm: _joined_spaces(space, spaces[arm]) for arm, space in state.spaces.items()},
        post_factors={
            arm: _joined_factors(known, _factors(posts, state.topics, topic_rows, arm, spaces[arm], folder))
            for arm, known in state.post_factors.items()
        },
        neighbours=csr_array(near, shape=(width, width)),
    )


def _values(state: ServingState, posts: Sequence[NewPost], topic_rows: NDArray[np.int64]) -> Floats:
    """Features of posts that nobody has seen, as `sql/post_activity.sql` gives them: (N, post features)."""
    alike = np.zeros(len(state.topics), np.int64)  # some post of each topic
    alike[state.posts.topic_rows] = np.arange(len(state.posts.topic_rows))
    out = np.zeros((len(posts), len(POST)), np.float32)
    for name in ("topic", "topic_like_rate"):
        out[:, PLACES[name]] = state.posts.values[alike[topic_rows], PLACES[name]]
    rate = out[:, PLACES["topic_like_rate"]]
    for name in ("post_like_rate", "post_like_rate_7d", "post_like_rate_decayed"):
        out[:, PLACES[name]] = rate
    out[:, PLACES["post_trend"]] = np.where(rate != 0, rate * 0 + 1, np.nan)
    out[:, PLACES["post_age_days"]] = np.nan
    out[:, PLACES["post_words"]] = [_words(post.text) for post in posts]
    return out


def _words(text: str) -> int:
    text = text.strip(" ")
    return len(_SPACES.split(text)) if text else 0


def _spaces(posts: Sequence[NewPost], folder: Path, embeddings: Mapping[str, Floats]) -> dict[str, TextSpace]:
    encoders = Encoders.load(folder)
    neural = encoders.by_arm[TEST]
    assert isinstance(neural, NeuralEncoder)
    nothing = np.zeros(len(neural.reducer.basis), np.float32)
    vectors = np.stack([embeddings.get(text_hash(post.text), nothing) for post in posts])
    return encoders.spaces(Readings([post.text for post in posts], vectors))


def _factors(
    posts: Sequence[NewPost],
    topics: Sequence[str],
    topic_rows: NDArray[np.int64],
    arm: str,
    space: TextSpace,
    folder: Path,
) -> PostFactors:
    codebook, model = Codebook.load(folder / CODEBOOK_FILE), FactorModel.load(arm_folder(folder, arm))
    described = describe(codebook.topic_codes(topics)[topic_rows], len(codebook.topics), space.vectors)
    return model.of_posts(np.array([post.post_id for post in posts]), described)


def _joined_spaces(known: TextSpace, new: TextSpace) -> TextSpace:
    return TextSpace(
        np.vstack([known.vectors, new.vectors]),
        np.vstack([known.components, new.components]),
        np.vstack([known.distances, new.distances]),
    )


def _joined_factors(known: PostFactors, new: PostFactors) -> PostFactors:
    return PostFactors(
        np.append(known.quality, new.quality), np.vstack([known.factors, new.factors]), known.profile_weight
    )
