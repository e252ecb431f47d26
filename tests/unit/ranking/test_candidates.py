"""Candidates are the best of each source, never what is excluded, and know the source that ranks them highest."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from features.catalog import BASE, PERSONAL, POST
from ranking.candidates import SOURCE_NAMES, candidates, sources_of
from ranking.sources import SOURCES
from ranking.sources.evidence import Evidence

USERS, POSTS = 3, 12
FEW_VALUES = st.sampled_from([0.0, 0.1, 0.2, 0.5])  # so that many scores are equal
SHAPE = (USERS, POSTS)


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    pairs = draw(hnp.arrays(np.float32, (len(PERSONAL), *SHAPE), elements=FEW_VALUES))
    posts = draw(hnp.arrays(np.float32, (POSTS, len(POST)), elements=FEW_VALUES))
    ages = draw(hnp.arrays(np.float32, POSTS, elements=st.sampled_from([1, 2, 3, 9, np.nan])))
    posts[:, [spec.name for spec in POST].index("post_age_days")] = ages
    return Evidence(pairs, posts, 3.0)


@given(evidence(), hnp.arrays(np.bool_, SHAPE), st.integers(1, POSTS + 1))
def test_each_candidate_stands_among_the_best_of_its_source(
    known: Evidence, excluded: np.ndarray, per_source: int
) -> None:
    found = candidates(known, excluded, per_source)
    expected = np.zeros(SHAPE, int)
    for user in range(USERS):
        standing: dict[int, list[tuple[int, int]]] = {}  # by post: (place, number of the source)
        for number, scores in enumerate(SOURCES.values(), start=1):
            mine = np.broadcast_to(scores(known), SHAPE)[user]
            usable = [post for post in range(POSTS) if np.isfinite(mine[post]) and not excluded[user, post]]
            for place, post in enumerate(sorted(usable, key=lambda post: (-mine[post], post))[:per_source]):
                standing.setdefault(post, []).append((place, number))
        for post, places in standing.items():
            expected[user, post] = min(places)[1]
    np.testing.assert_array_equal(found, expected)
    shown = np.tile([*range(POSTS), -1], (USERS, 1))
    of_few = sources_of(known, excluded, shown, per_source)
    np.testing.assert_array_equal(of_few, np.pad(expected, ((0, 0), (0, 1))))


def test_sources_are_numbered_as_they_are_named() -> None:
    """A post that only one source can bring comes from that source."""
    pairs = np.zeros((len(PERSONAL), 1, 6), np.float32)
    posts = np.full((6, len(POST)), np.nan, np.float32)
    names, columns = [spec.name for spec in PERSONAL], [spec.name for spec in POST]
    posts[:, columns.index("post_age_days")] = [9, 9, 9, 9, 9, 1]
    posts[:, columns.index("post_like_rate")] = 0.1
    posts[:, columns.index("topic_like_rate")] = 0.1
    posts[:, columns.index("post_like_rate_decayed")] = [0, 0, 0, 0, 0.3, 0]
    pairs[names.index("pair_neighbours"), 0, 0] = 1
    pairs[names.index("pair_liked_similarity"), 0, 2] = 1
    pairs[names.index("pair_topic_like_rate"), 0, 3] = 1
    for spec in BASE:  # the best of the three added up, and of none alone
        pairs[names.index(spec.name), 0, 1] = 0.5
    pairs[names.index("base_quality"), 0, 0] = 0.6
    pairs[names.index("base_taste"), 0, 2] = 0.6
    found = candidates(Evidence(pairs, posts, 3.0), np.zeros((1, 6), np.bool_), 1)[0]
    assert [SOURCE_NAMES[number] for number in found] == list(SOURCES)
