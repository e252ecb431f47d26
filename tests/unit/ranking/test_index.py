"""The index finds most of what lies nearest, nothing that may not be shown, and the same when it is built again."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from core.columns import ARMS, CONTROL, TEST
from features.as_of import PostFeatures, UserFeatures
from features.catalog import POST, Layout
from features.factor_model import PostFactors
from features.serving_state import ServingState
from features.text_space import TextSpace
from ranking.candidates import candidates
from ranking.index import open_index, save_index
from ranking.shelf import Shelf
from ranking.sources.asked import Asked

USERS, POSTS, DIMS, NEAREST = 50, 60_000, 16, 30


@pytest.fixture(scope="module")
def state() -> ServingState:
    rng = np.random.default_rng(0)

    def unit(rows: int) -> np.ndarray:
        drawn = rng.standard_normal((rows, DIMS), dtype=np.float32)
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)

    spaces = {arm: TextSpace(vectors, vectors, vectors) for arm in ARMS for vectors in [unit(POSTS)]}
    liked = unit(USERS + 1)
    liked[-1] = 0  # the unseen user has liked nothing
    return ServingState(
        cut=date(2026, 1, 1),
        layout=Layout(()),
        user_ids=np.arange(USERS),
        users=UserFeatures(
            np.zeros((USERS + 1, 7), np.float32),
            np.zeros((USERS + 1, 1, 2), np.float32),
            np.zeros((USERS + 1, 1), np.float32),
            dict.fromkeys(ARMS, liked),
        ),
        liked_offsets=np.zeros(USERS + 2, np.int64),
        liked_posts=np.zeros(0, np.int32),
        post_ids=np.arange(POSTS),
        posts=PostFeatures(np.zeros((POSTS, len(POST)), np.float32), np.arange(POSTS), np.zeros(POSTS, np.int64)),
        topics=[""],
        eligible=np.arange(POSTS) % 3 > 0,
        spaces=spaces,
        post_factors=dict.fromkeys(ARMS, PostFactors(np.zeros(POSTS, np.float32), unit(POSTS), np.float32(1))),
        user_factors=dict.fromkeys(ARMS, np.zeros((USERS + 1, DIMS), np.float32)),
        neighbours=csr_array((POSTS, POSTS), dtype=np.float32),
    )


def test_it_finds_most_of_the_nearest_in_the_arms_own_space(state: ServingState, tmp_path: Path) -> None:
    save_index(state, tmp_path)
    for arm, index in open_index(tmp_path).items():
        users = state.audience(arm, np.arange(USERS))
        found = index.alike(users, NEAREST)
        cosines = users.liked @ state.spaces[arm].vectors.T
        exact = np.argsort(-np.where(state.eligible, cosines, -np.inf), axis=1)[:, :NEAREST]
        shared = [len(np.intersect1d(*pair)) for pair in zip(found, exact, strict=True)]
        assert np.mean(shared) > 0.95 * NEAREST
        assert state.eligible[found].all()


def test_who_liked_nothing_is_told_nothing(state: ServingState, tmp_path: Path) -> None:
    save_index(state, tmp_path)
    nobody = state.audience(TEST, np.array([-1]))
    assert (open_index(tmp_path)[TEST].alike(nobody, 5) == -1).all()


def test_the_same_posts_give_the_same_file(state: ServingState, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        save_index(state, folder)
    one, two = ({file.name: file.read_bytes() for file in folder.iterdir()} for folder in folders)
    assert one == two


def test_without_an_index_none_is_opened(tmp_path: Path) -> None:
    assert open_index(tmp_path) == {}


def test_candidates_come_from_it_unless_a_topic_is_wanted(state: ServingState, tmp_path: Path) -> None:
    save_index(state, tmp_path)
    shelf, users = Shelf(state, fresh_days=-1.0), state.audience(CONTROL, np.arange(USERS))
    nothing = np.zeros(0, np.int64)
    by_index, exactly, of_topic = (
        set(candidates(Asked(state, shelf, CONTROL, users, view, nothing, NEAREST, index)).cells.tolist())
        for view, index in (
            (shelf.all, open_index(tmp_path)[CONTROL]),
            (shelf.all, None),
            (shelf.view(0), open_index(tmp_path)[CONTROL]),
        )
    )
    assert len(by_index & exactly) > 0.95 * len(exactly)
    assert of_topic == exactly
