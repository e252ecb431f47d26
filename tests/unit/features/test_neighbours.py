"""Neighbours are found from likes known before a moment, and score what each user had liked before a cut."""

from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from implicit.nearest_neighbours import all_pairs_knn, bm25_weight
from scipy.sparse import csr_array, csr_matrix

from features.likes import liked_lists, likes_of, owners_of
from features.neighbours import NEAREST, Neighbours, neighbour_scores, view_scores
from features.posts import Posts

CUT = date(2026, 1, 8)


def test_similarity_is_the_product_of_bm25_weights(con: duckdb.DuckDBPyConnection) -> None:
    found = Neighbours.fit(con, CUT)
    liked = np.zeros((20, len(found.post_ids)))
    for user, post in likes_before(con, CUT):
        liked[user // 10, np.searchsorted(found.post_ids, post)] = 1
    per_post, per_user = liked.sum(axis=0), liked.sum(axis=1)
    length = 0.25 + 0.75 * per_post / per_post.mean()
    weights = liked * 2.2 / (1.2 * length + 1) * (np.log(len(per_post)) - np.log1p(per_user))[:, None]
    expected = weights.T @ weights
    np.fill_diagonal(expected, 0)
    expected /= expected.sum() / len(expected)
    np.testing.assert_allclose(found.similarity.toarray(), expected, rtol=1e-5, atol=1e-7)


def test_what_becomes_known_later_changes_nothing(con: duckdb.DuckDBPyConnection) -> None:
    views = pl.DataFrame({"user_id": [0, 10], "post_id": [3, 6], "cut": [CUT, CUT]})
    before = Neighbours.fit(con, CUT).pairs(), view_scores(con, views)
    late = [datetime(2026, 1, 2), datetime(2026, 1, 8)]
    con.execute("INSERT INTO raw.events SELECT user_id, 3, 'like', ?, ? FROM raw.users", late)
    assert before[0].equals(Neighbours.fit(con, CUT).pairs())
    np.testing.assert_array_equal(before[1], view_scores(con, views))
    assert not before[0].equals(Neighbours.fit(con, date(2026, 1, 9)).pairs())


def test_a_view_is_scored_by_the_latest_fit_and_the_likes_before_its_cut(con: duckdb.DuckDBPyConnection) -> None:
    cuts = [date(2026, 1, 3), date(2026, 1, 9), date(2026, 1, 11)]
    views = pl.DataFrame(
        [(user, post, cut) for user in (0, 30, 110) for post in (0, 9, 42) for cut in cuts],
        schema=["user_id", "post_id", "cut"],
        orient="row",
    )
    scores = view_scores(con, views)
    for score, (user, post, cut) in zip(scores, views.rows(), strict=True):
        fitted = Neighbours.fit(con, date(2026, 1, 10) if cut >= date(2026, 1, 10) else date(2026, 1, 3))
        similarity = {(a, b): value for a, b, value in fitted.pairs().rows()}
        mine = {liked for who, liked in likes_before(con, cut) if who == user}
        np.testing.assert_allclose(score, sum(similarity.get((liked, post), 0) for liked in mine), rtol=1e-5)
    assert len(set(scores.tolist())) > 10


def test_a_service_scores_as_the_training_does(con: duckdb.DuckDBPyConnection, posts: Posts) -> None:
    users = np.arange(20) * 10
    likes = np.array(likes_before(con, CUT))
    lists = liked_lists(users, posts.ids, likes[:, 0], likes[:, 1])
    similarity = Neighbours.fit(con, CUT).among(posts.ids)

    def scores(rows: np.ndarray) -> np.ndarray:
        offsets, liked = likes_of(*lists, rows)
        return neighbour_scores(similarity, owners_of(offsets), liked, len(rows))

    served = scores(np.arange(21))
    views = pl.DataFrame({"user_id": users.repeat(15), "post_id": np.tile(posts.ids, 20)}).with_columns(cut=CUT)
    np.testing.assert_array_equal(served[:20].ravel(), view_scores(con, views))
    assert not served[20].any(), "the unseen user has liked nothing"
    np.testing.assert_array_equal(served[[7, 3]], scores(np.array([7, 3])))


def test_nothing_liked_gives_no_neighbours(con: duckdb.DuckDBPyConnection, posts: Posts, tmp_path: Path) -> None:
    nothing = Neighbours.fit(con, date(2020, 1, 1))
    nothing.save(tmp_path)
    assert Neighbours.load(tmp_path).among(posts.ids).nnz == 0
    views = pl.DataFrame({"user_id": [0], "post_id": [3], "cut": [date(2020, 1, 1)]})
    assert view_scores(con, views).tolist() == [0]
    assert view_scores(con, views.clear()).shape == (0,)


def test_saved_neighbours_are_the_same_and_forget_posts_that_are_gone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    fitted = Neighbours.fit(con, CUT)
    fitted.save(tmp_path)
    loaded = Neighbours.load(tmp_path)
    assert loaded.pairs().equals(fitted.pairs())
    ids = np.array([3, 9, 1000])  # one of them is new
    some = dict(zip([3, 9], np.searchsorted(fitted.post_ids, [3, 9]), strict=True))
    expected = np.zeros((3, 3), np.float32)
    expected[0, 1], expected[1, 0] = fitted.similarity[some[3], some[9]], fitted.similarity[some[9], some[3]]
    np.testing.assert_array_equal(loaded.among(ids).toarray(), expected)


@given(st.integers(0, 2**32 - 1), st.integers(2, 120))
def test_neighbours_do_not_depend_on_threads_or_the_order_of_users(seed: int, posts: int) -> None:
    rng = np.random.default_rng(seed)
    liked = csr_matrix((rng.random((30, posts)) < 0.2).astype(np.float32))
    weighted = bm25_weight(liked.T, 1.2, 0.75).T.tocsr() if liked.nnz else liked
    one, two = (
        csr_array(all_pairs_knn(weighted, NEAREST, show_progress=False, num_threads=threads)) for threads in (1, 2)
    )
    np.testing.assert_array_equal(one.toarray(), two.toarray())


def likes_before(con: duckdb.DuckDBPyConnection, cut: date) -> list[tuple[int, int]]:
    query = "SELECT DISTINCT user_id, post_id FROM raw.known_events WHERE action = 'like' AND known_at < ? ORDER BY ALL"
    return con.execute(query, [cut]).fetchall()
