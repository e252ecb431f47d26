import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ranking.top_k import NOTHING, top_k

# few different values, so that ties are the rule
VALUES = st.sampled_from([0.0, -0.0, 0.5, 1.0, -3.0, np.inf, -np.inf, np.nan])
MATRICES = arrays(np.float32, st.tuples(st.integers(0, 5), st.integers(0, 12)), elements=VALUES)


def by_full_sort(scores, k):
    columns = np.arange(scores.shape[1])
    lists = []
    for row in scores:
        order = np.lexsort((columns, -row))
        best = [int(column) for column in order if row[column] > -np.inf][:k]
        lists.append(best + [NOTHING] * (k - len(best)))
    return lists


@settings(deadline=None)
@given(MATRICES, st.integers(1, 15))
def test_lists_are_those_of_a_full_sort_by_score_and_column(scores, k):
    best = top_k(scores, k)
    assert best.shape == (len(scores), k)
    assert best.tolist() == by_full_sort(scores, k)


def test_a_tie_at_the_end_of_the_list_goes_to_the_lower_column():
    scores = np.array([[0.3, 0.3, 0.9, 0.3, 0.3]])
    assert top_k(scores, 3).tolist() == [[2, 0, 1]]
