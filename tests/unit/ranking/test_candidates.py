"""Candidates are the best of each source, never what is hidden, and know the source that ranks them highest."""

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_array

from core.columns import ARMS, TEST
from features.as_of import PostFeatures, UserFeatures
from features.catalog import POST, Layout
from features.factor_model import PostFactors
from features.serving_state import ServingState
from features.text_space import TextSpace
from ranking.candidates import SOURCE_NAMES, candidates
from ranking.shelf import Shelf
from ranking.sources import SOURCES
from ranking.sources.asked import Asked

USERS, POSTS, TOPICS, DIMS = 3, 12, 2, 2
FEW_VALUES = st.sampled_from([0.0, 0.125, 0.25, 0.5])  # exact in binary, and so few that many scores are equal
COLUMNS = [spec.name for spec in POST]


def floats(draw: st.DrawFn, *shape: int) -> np.ndarray:
    return draw(hnp.arrays(np.float32, shape, elements=FEW_VALUES))


@st.composite
def states(draw: st.DrawFn) -> ServingState:
    values = floats(draw, POSTS, len(POST))
    ages = st.sampled_from([1, 2, 3, 9, np.nan])
    values[:, COLUMNS.index("post_age_days")] = draw(hnp.arrays(np.float32, POSTS, elements=ages))
    vectors, liked = floats(draw, POSTS, DIMS), floats(draw, USERS + 1, DIMS)
    factors = PostFactors(floats(draw, POSTS), floats(draw, POSTS, DIMS), np.float32(0.5))
    likes = [sorted(draw(st.sets(st.integers(0, POSTS - 1), max_size=4))) for _ in range(USERS)]
    ends = np.cumsum([0, *map(len, likes), 0])
    near = floats(draw, POSTS, POSTS)
    return ServingState(
        cut=date(2026, 1, 1),
        layout=Layout(()),
        user_ids=np.arange(USERS),
        users=UserFeatures(
            np.zeros((USERS + 1, 7), np.float32),
            floats(draw, USERS + 1, TOPICS, 2),
            floats(draw, USERS + 1, TOPICS),
            dict.fromkeys(ARMS, liked),
        ),
        liked_offsets=ends,
        liked_posts=np.array([post for mine in likes for post in mine], np.int32),
        post_ids=np.arange(POSTS),
        posts=PostFeatures(values, np.arange(POSTS), np.arange(POSTS) % TOPICS),
        topics=["a", "b"],
        eligible=draw(hnp.arrays(np.bool_, POSTS)),
        spaces=dict.fromkeys(ARMS, TextSpace(vectors, vectors, vectors)),
        post_factors=dict.fromkeys(ARMS, factors),
        user_factors=dict.fromkeys(ARMS, floats(draw, USERS + 1, DIMS)),
        neighbours=csr_array(near),
    )


def scores_by_source(state: ServingState, user: int) -> dict[str, np.ndarray]:
    """What each source is documented to sort by, -inf for what it never brings, post by post."""
    users, posts, model = state.users, state.posts, state.post_factors[TEST]
    of = {name: posts.values[:, COLUMNS.index(name)] for name in COLUMNS}
    mine = state.liked_posts[state.liked_offsets[user] : state.liked_offsets[user + 1]]
    near = state.neighbours.toarray()[mine].sum(axis=0)
    odds = state.user_factors[TEST][user] @ model.factors.T + model.quality
    odds = odds + (model.profile_weight * users.prior[user])[posts.topic_rows]
    alike = users.liked[TEST][user] @ state.spaces[TEST].vectors.T
    topic = of["topic_like_rate"]
    relative = (of["post_like_rate"] / np.where(topic > 0, topic, 1)).astype(np.float32)
    age = np.nan_to_num(of["post_age_days"], nan=0)
    return {
        "neighbours": np.where(near > 0, near, -np.inf),
        "factors": odds,
        "texts": np.where(alike > 0, alike, -np.inf),
        "topics": users.topics[user, posts.topic_rows, 1] * relative,
        "trending": of["post_like_rate_decayed"],
        "fresh": np.where(age <= 3, -age, -np.inf),
    }


@given(states(), st.integers(1, POSTS + 1), st.sampled_from([None, 0, 1]), st.sets(st.integers(0, POSTS - 1)))
def test_each_candidate_stands_among_the_best_of_its_source(
    state: ServingState, per_source: int, topic: int | None, excluded: set[int]
) -> None:
    shelf, everybody = Shelf(state, fresh_days=3.0), state.audience(TEST, np.array([0, 1, 2, -1]))
    view = shelf.view(topic)
    owners, liked = everybody.likes
    unwanted = (np.arange(4)[:, None] * POSTS + np.array(sorted(excluded), int)).ravel()
    hidden = np.union1d(owners * POSTS + liked, unwanted)
    found = candidates(Asked(state, shelf, TEST, everybody, view, hidden, per_source))
    expected = {}
    for user in range(4):
        standing: dict[int, list[tuple[int, int]]] = {}  # by post: (place, number of the source)
        shown = [post for post in range(POSTS) if view.allowed[post] and user * POSTS + post not in hidden]
        for number, scores in enumerate(scores_by_source(state, user).values(), start=1):
            usable = [post for post in shown if np.isfinite(scores[post])]
            for place, post in enumerate(sorted(usable, key=lambda post: (-scores[post], post))[:per_source]):
                standing.setdefault(post, []).append((place, number))
        expected |= {user * POSTS + post: min(places)[1] for post, places in standing.items()}
    assert dict(zip(found.cells.tolist(), found.sources.tolist(), strict=True)) == expected
    everything = np.arange(4 * POSTS)
    np.testing.assert_array_equal(found.source_of(everything), [expected.get(cell, 0) for cell in everything])
    alone = []
    for user in range(4):
        mine = hidden[hidden // POSTS == user] % POSTS
        alone.append(candidates(Asked(state, shelf, TEST, everybody.part(user, user + 1), view, mine, per_source)))
    cells = np.concatenate([user * POSTS + one.cells for user, one in enumerate(alone)])
    np.testing.assert_array_equal(cells, found.cells)


def test_sources_are_numbered_as_they_are_named() -> None:
    assert SOURCE_NAMES[1:-1] == tuple(SOURCES)
