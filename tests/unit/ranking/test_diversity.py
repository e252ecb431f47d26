import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking import diversity
from ranking.diversity import intra_list_distance, rerank, topics_shown

RIGHT, UP, LEFT = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]


def vectors(*rows):
    return np.array(rows, np.float32)


def network(seed, users=6, posts=30, candidates=20, dims=4):
    """Users with up to `candidates` posts. All numbers are exact in binary, so that ties are ties however one adds."""
    generator = np.random.default_rng(seed)
    points = generator.choice([-0.5, 0.5], (posts, dims)).astype(np.float32)  # four of them: unit length
    points[generator.random(posts) < 0.2] = 0  # posts without a text
    best = np.array([generator.permutation(posts)[:candidates] for _ in range(users)])
    scores = -np.sort(-generator.integers(1, 9, (users, candidates)) / 8, axis=1)
    left = np.arange(candidates) < generator.integers(0, candidates + 1, (users, 1))
    return np.where(left, best, -1), np.where(left, scores, -np.inf), points


def by_hand(candidates, scores, points, limit, diversity):
    """Carbonell and Goldstein's formula, post by post."""
    shown = zip(candidates[candidates >= 0], scores[candidates >= 0], strict=True)
    left = [(post, (1 - diversity) * score / scores[0]) for post, score in shown]
    chosen = []
    while left and len(chosen) < limit:
        near = [max((points[post] @ points[one] for one in chosen), default=0) for post, _ in left]
        values = [relevance - diversity * cosine for (_, relevance), cosine in zip(left, near, strict=True)]
        chosen.append(left.pop(int(np.argmax(values)))[0])
    return chosen + [-1] * (limit - len(chosen))


def test_a_copy_of_the_best_post_makes_room_for_another():
    best, scores = np.array([[0, 1, 2]]), np.array([[0.9, 0.8, 0.7]])
    space = vectors(RIGHT, RIGHT, UP)
    assert rerank(best, scores, space, 2, 0.0).tolist() == [[0, 1]]
    assert rerank(best, scores, space, 2, 0.5).tolist() == [[0, 2]]


def test_at_one_only_the_texts_count_after_the_best_post():
    best, scores = np.array([[0, 1, 2]]), np.array([[0.9, 0.8, 0.001]])
    assert rerank(best, scores, vectors(RIGHT, UP, LEFT), 3, 1.0).tolist() == [[0, 2, 1]]


def test_the_setting_means_the_same_for_people_who_like_little():
    best, space = np.array([[0, 1, 2]]), vectors(RIGHT, RIGHT, UP)
    lists = [rerank(best, np.array([[0.9, 0.8, 0.6]]) * much, space, 3, 0.2).tolist() for much in (1, 0.01)]
    assert lists[0] == lists[1] == [[0, 2, 1]]


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_ties_go_to_the_lower_id(weight):
    best = np.array([[3, 4, 7, 9]])  # equal scores: by id
    assert rerank(best, np.full((1, 4), 0.5), np.zeros((10, 2), np.float32), 3, weight).tolist() == [[3, 4, 7]]


def test_nothing_to_choose_from_is_an_empty_list():
    nothing, none = np.full((2, 3), -1), np.full((2, 3), -np.inf)
    assert rerank(nothing, none, vectors(RIGHT), 2, 0.5).tolist() == [[-1, -1]] * 2
    assert rerank(np.empty((1, 0), int), np.empty((1, 0)), vectors(RIGHT), 2, 0.5).tolist() == [[-1, -1]]


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 25), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_lists_are_those_of_the_formula_and_the_best_post_stays_first(seed, limit, weight):
    best, scores, points = network(seed)
    lists = rerank(best, scores, points, limit, weight)
    expected = [by_hand(mine, own, points, limit, weight) for mine, own in zip(best, scores, strict=True)]
    assert lists.tolist() == expected
    assert np.array_equal(lists[:, 0], best[:, 0])


@given(st.integers(0, 2**32))
def test_varied_lists_differ_more_within(seed):
    best, scores, points = network(seed, users=60, candidates=30)
    full = best[:, 4] >= 0
    plain, varied = (intra_list_distance(rerank(best, scores, points, 5, d)[full], points).mean() for d in (0, 0.5))
    assert plain < varied


@given(st.integers(0, 2**32))
def test_a_shorter_list_is_the_beginning_of_a_longer_one_and_a_batch_changes_nothing(seed):
    best, scores, points = network(seed)
    lists = rerank(best, scores, points, 8, 0.4)
    assert np.array_equal(rerank(best, scores, points, 3, 0.4), lists[:, :3])
    one_by_one = [rerank(best[i : i + 1], scores[i : i + 1], points, 8, 0.4)[0] for i in range(len(best))]
    assert np.array_equal(one_by_one, lists)


def test_the_size_of_a_chunk_changes_nothing(monkeypatch):
    best, scores, points = network(0)
    whole = rerank(best, scores, points, 8, 0.4)
    monkeypatch.setattr(diversity, "CHUNK_BYTES", 20 * 4 * 4 * 2)  # two users at once
    assert np.array_equal(rerank(best, scores, points, 8, 0.4), whole)


def test_distance_and_topics_of_a_list():
    space = vectors(RIGHT, UP, LEFT)
    lists = np.array([[0, 1, 2], [0, 2, -1], [1, -1, -1], [-1, -1, -1]])
    assert intra_list_distance(lists, space) == pytest.approx([(1 + 1 + 2) / 3, 2, np.nan, np.nan], nan_ok=True)
    assert topics_shown(lists, np.array([5, 5, 0])).tolist() == [2, 2, 1, 0]
