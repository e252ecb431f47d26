"""BM25 item-item neighbours: posts that were liked by the same people.

With likes as a matrix of users by posts, each like weighs by BM25 (a post liked by many, and a user who likes much, say
less), and the similarity of two posts is the product of their columns, kept for the nearest posts of each one only.
What a user may like next is what is near to the posts the user liked:

    score(u, p) = Σ_{i liked by u} similarity(i, p)

A similarity grows with the number of likes it was made of. It is divided by the mean sum of a post's row, so that a
score means the same to a ranker whenever the similarity was fitted.

Source: `implicit` (Frederickson), `nearest_neighbours`; Robertson and Zaragoza, "The Probabilistic Relevance Framework:
BM25 and Beyond", 2009.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Self

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix

from core.columns import CUT, LIKE, POST_ID, USER_ID
from features.likes import entries_of
from features.text_space import read_arrays, write_arrays
from warehouse.connection import read_sql

NEAREST = 50
# with more posts than this, sorting the few that have a score is faster than an array of all
DENSE_WIDTH = 50_000
K1, B = 1.2, 0.75  # the defaults of implicit's BM25Recommender
# training rows look at a similarity that is at most this old, as a served row does after weekly training
REFIT = timedelta(days=7)


@dataclass(frozen=True)
class Neighbours:
    """The similarity of Q posts that had been liked before a moment. It never changes after `fit`."""

    post_ids: NDArray[np.int64]  # (Q,) ascending
    similarity: csr_array  # (Q, Q) float32, at most `NEAREST` a row, none of a post to itself

    @classmethod
    def fit(cls, con: duckdb.DuckDBPyConnection, before: date | datetime) -> Self:
        """Learn from the likes known before a moment (UTC); without any, no post has a neighbour."""
        likes = con.execute(
            f"""
            SELECT {USER_ID}, {POST_ID} FROM raw.known_events WHERE action = ? AND known_at < ?
            """,
            [LIKE, before],
        ).fetchnumpy()
        # in an array: a join and DISTINCT take several times as long
        there = np.isin(likes[POST_ID], con.sql(f"SELECT {POST_ID} FROM raw.posts").fetchnumpy()[POST_ID])
        users, user_rows = np.unique(likes[USER_ID][there], return_inverse=True)
        post_ids, post_rows = np.unique(likes[POST_ID][there], return_inverse=True)
        ones = np.ones(len(user_rows), np.float32)
        liked = csr_matrix((ones, (user_rows, post_rows)), shape=(len(users), len(post_ids)))
        liked.data[:] = 1  # however often
        return cls(post_ids.astype(np.int64), _similarity(liked))

    def among(self, post_ids: NDArray[np.int64]) -> csr_array:
        """The similarity of other posts: (P, P) for `post_ids` (P,) ascending; posts it does not know have none."""
        known = np.isin(self.post_ids, post_ids)
        places = np.searchsorted(post_ids, self.post_ids)
        pairs = self.similarity.tocoo()
        kept = known[pairs.row] & known[pairs.col]
        rows, columns = places[pairs.row[kept]], places[pairs.col[kept]]
        return csr_array((pairs.data[kept], (rows, columns)), shape=(len(post_ids), len(post_ids)))

    def pairs(self) -> pl.DataFrame:
        """The similarity as a table: post_id, neighbour_id, similarity, by the two ids."""
        return pairs_of(self.post_ids, self.similarity)

    def save(self, folder: Path) -> None:
        """Write it into `folder`, as safetensors."""
        s = self.similarity
        write_arrays(
            folder, {"post_ids": self.post_ids, "starts": s.indptr, "neighbours": s.indices, "similarity": s.data}
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote, the same to the last bit."""
        arrays = read_arrays(folder)
        ids = arrays["post_ids"]
        parts = (arrays["similarity"], arrays["neighbours"], arrays["starts"])
        return cls(ids, csr_array(parts, shape=(len(ids), len(ids))))


def pairs_of(post_ids: NDArray[np.int64], similarity: csr_array) -> pl.DataFrame:
    """Lay out a similarity (P, P) of `post_ids` (P,) as a table: post_id, neighbour_id, similarity, by the two ids."""
    rows = np.repeat(np.arange(len(post_ids)), np.diff(similarity.indptr))
    return pl.DataFrame(
        {POST_ID: post_ids[rows], "neighbour_id": post_ids[similarity.indices], "similarity": similarity.data}
    )


@dataclass(frozen=True)
class NeighbourScores:
    """Scores of posts for n users by what they liked, 0 without a neighbour. A cell is user · P + post.

    Sums go by ascending liked post for each user alone, so that a score does not depend on who else is asked for.
    """

    width: int  # P
    cells: NDArray[np.int64] | None  # (c,) ascending, those above 0; None: `values` holds every cell
    values: NDArray[np.float32]  # (c,) or (n · P,)

    @classmethod
    def of(
        cls,
        similarity: csr_array,  # (P, P)
        owners: NDArray[np.int64],  # (L,) ascending, whose of n users each like is
        liked: NDArray[np.int32],  # (L,) rows of the posts liked, ascending within a user
        n: int,
    ) -> Self:
        """Add up the similarities to what each user liked."""
        width = similarity.shape[0]
        starts = similarity.indptr[liked]
        lengths = similarity.indptr[liked + 1] - starts
        entries = entries_of(starts, lengths)
        cells, weights = similarity.indices.take(entries), similarity.data.take(entries)
        if n > 1:
            cells = np.repeat(owners * width, lengths) + cells
        if width <= DENSE_WIDTH:
            return cls(width, None, np.bincount(cells, weights, minlength=n * width).astype(np.float32))
        # each cell with its place behind it, as one number: twice as fast as `np.unique`
        bits = len(cells).bit_length()
        ordered = np.sort((cells.astype(np.int64) << bits) | np.arange(len(cells)))
        cells, places = ordered >> bits, ordered & ((1 << bits) - 1)
        first = np.diff(cells, prepend=-1) != 0
        return cls(width, cells[first], np.bincount(np.cumsum(first) - 1, weights[places]).astype(np.float32))

    @classmethod
    def of_many(
        cls,
        similarity: csr_array,  # (P, P) float64
        offsets: NDArray[np.int64],  # (n + 1,) places in `liked`
        liked: NDArray[np.int32],  # (L,) rows of the posts liked, ascending within a user
        sheet: NDArray[np.float32],  # (n, P) taken for the scores, unless there are too many posts
    ) -> Self:
        """Add up the same to the last bit, which is faster for many users and slower for one."""
        n, width = len(offsets) - 1, similarity.shape[0]
        likes = csr_array((np.ones(len(liked)), liked, offsets.astype(np.int32)), shape=(n, width))
        total = likes @ similarity
        scores = csr_array((total.data.astype(np.float32), total.indices, total.indptr), shape=total.shape)
        if width <= DENSE_WIDTH:
            return cls(width, None, scores.toarray(out=sheet).reshape(-1))
        scores.sort_indices()
        owners = np.repeat(np.arange(n), np.diff(scores.indptr))
        return cls(width, owners * width + scores.indices, scores.data)

    def at(self, cells: NDArray[np.int64]) -> NDArray[np.float32]:
        """Look some cells up."""
        if self.cells is None:
            return self.values[cells]
        if not len(self.cells):
            return np.zeros(cells.shape, np.float32)
        places = np.minimum(np.searchsorted(self.cells, cells), len(self.cells) - 1)
        return np.where(self.cells[places] == cells, self.values[places], np.float32(0))


def neighbour_scores(
    similarity: csr_array, owners: NDArray[np.int64], liked: NDArray[np.int32], n: int
) -> NDArray[np.float32]:
    """Lay the scores out for every user and post: (n, P)."""
    found = NeighbourScores.of(similarity, owners, liked, n)
    width = similarity.shape[0]
    return found.at(np.arange(n * width)).reshape(n, width)


def view_scores(
    con: duckdb.DuckDBPyConnection, views: pl.DataFrame, fitted: Mapping[date, Neighbours] | None = None
) -> NDArray[np.float32]:
    """Score the post of each of `views` (user_id, post_id, cut) by what its user had liked before its cut: (n,).

    The similarity is that of the latest `REFIT` before the cut, counted from the first cut: neither knows the cut's
    day, nor a later one. `fitted` are those that have been fitted already, by what they know up to.
    """
    scores = np.zeros(views.height, np.float32)
    numbered = views.select(USER_ID, POST_ID, CUT).with_row_index("row")
    for start, neighbours in _fits(con, views[CUT], fitted or {}).items():
        block = numbered.filter(pl.col(CUT).is_between(start, start + REFIT, closed="left"))
        con.register("neighbour_views", block)
        con.register("neighbour_pairs", neighbours.pairs())
        found = con.execute(read_sql("features", "neighbour_scores"), {"like": LIKE}).fetchnumpy()
        con.unregister("neighbour_views")
        con.unregister("neighbour_pairs")
        # added here, in order: a parallel sum in SQL may add in another one
        scores += np.bincount(found["row"], weights=found["similarity"], minlength=len(scores)).astype(np.float32)
    return scores


def _fits(
    con: duckdb.DuckDBPyConnection, cuts: pl.Series, fitted: Mapping[date, Neighbours]
) -> Mapping[date, Neighbours]:
    days = cuts.unique().sort()
    if days.is_empty():
        return {}
    starts = {days[0] + (day - days[0]) // REFIT * REFIT for day in days}
    return {start: fitted.get(start) or Neighbours.fit(con, start) for start in sorted(starts)}


def _similarity(liked: csr_matrix) -> csr_array:
    """Find the nearest posts of each by BM25: users by posts -> (Q, Q) float32, its rows adding up to 1 on average."""
    if not liked.nnz:
        return csr_array(liked.shape[1:] * 2, dtype=np.float32)
    # here, because a service that only reads scores need not load it
    from implicit.nearest_neighbours import all_pairs_knn, bm25_weight

    weighted = bm25_weight(liked.T, K1, B).T.tocsr()
    # one thread: the same bits on any machine
    nearest = all_pairs_knn(weighted, NEAREST, show_progress=False, num_threads=1).tocsr()
    nearest.setdiag(0)
    nearest.eliminate_zeros()
    nearest.sort_indices()
    mean = nearest.sum() / nearest.shape[0]
    return csr_array(nearest / (mean or 1)).astype(np.float32)
