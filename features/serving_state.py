"""The serving state: features of every user and post at one cut, as contiguous arrays.

The API, the nightly batch and the evaluation rank from this and nothing else. `features.state_arrays` writes it into a
snapshot and maps it back into memory without loss; `features.state_tables` writes the same for people.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import count

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.columns import POST_ID, USER_ID
from features.as_of import PostFeatures, UserFeatures, post_features, priors_of, same_cut, user_features
from features.audience import Audience
from features.basis import Basis
from features.catalog import Layout
from features.factor_model import PostFactors
from features.factor_state import FactorStates
from features.histories import Histories, learn_here
from features.ids import place_of, rows_of_ids
from features.likes import liked_lists, likes_of
from features.some_users import EVERYBODY, Users
from features.text_space import TextSpace


@dataclass(frozen=True)
class ServingState:
    """U users, P posts, T topics. User arrays have one row more: the last is a user nobody has seen (cold start)."""

    cut: date
    layout: Layout
    user_ids: NDArray[np.int64]  # (U,) ascending
    users: UserFeatures  # U + 1 keys
    liked_offsets: NDArray[np.int64]  # (U + 2,) places in `liked_posts`; the unseen user's list is empty
    liked_posts: NDArray[np.int32]  # rows of the posts each user liked, ascending within a user
    post_ids: NDArray[np.int64]  # (P,) ascending; those that came since stand at the end, see `features.live_posts`
    posts: PostFeatures  # P keys
    topics: list[str]  # '' for posts without one
    eligible: NDArray[np.bool_]  # (P,) may be recommended
    spaces: dict[str, TextSpace]  # by arm
    post_factors: dict[str, PostFactors]  # by arm
    user_factors: dict[str, NDArray[np.float32]]  # by arm: (U + 1, K), zero for the unseen user
    neighbours: csr_array  # (P, P) similarity of posts by who liked them, see features.neighbours

    def audience(self, arm: str, user_rows: NDArray[np.int64]) -> Audience:
        """Give users (n,) as the rankers of an arm see them; row -1 is a user nobody has seen."""
        offsets, liked = likes_of(self.liked_offsets, self.liked_posts, user_rows)
        users = self.users
        return Audience(
            values=users.values[user_rows],
            topics=users.topics[user_rows],
            prior=users.prior[user_rows],
            liked=users.liked[arm][user_rows],
            factors=self.user_factors[arm][user_rows],
            liked_offsets=offsets,
            liked_posts=liked,
        )

    def rows_of(self, post_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Find the rows of posts by id, (n,); -1 for one that is not there."""
        order = self._by_id
        if not len(order):
            return np.full(len(post_ids), -1)
        rows = order[np.minimum(np.searchsorted(self.post_ids, post_ids, sorter=order), len(order) - 1)]
        return np.where(self.post_ids[rows] == post_ids, rows, -1)

    @cached_property
    def _by_id(self) -> NDArray[np.int64]:
        order: NDArray[np.int64] = np.argsort(self.post_ids, kind="stable")
        return order


def build_state(
    con: duckdb.DuckDBPyConnection,
    basis: Basis,
    layout: Layout,
    cut: date,
    eligible: NDArray[np.bool_],
    histories: Histories = learn_here,
    users: Users = EVERYBODY,
) -> ServingState:
    """Compute the state as of `cut`: only events known before that day count.

    `histories` does the heavy part. `users` are those whom it is about; what is known of posts comes from everybody.
    """
    posts = basis.posts
    user_ids = users.ids(con)
    known = user_features(con, same_cut(USER_ID, user_ids, cut), basis)
    unseen_id = next(i for i in count(-1, -1) if place_of(user_ids, i) is None)
    unseen = user_features(con, same_cut(USER_ID, np.array([unseen_id]), cut), basis)
    post_factors, user_factors = _factors(con, basis, user_ids, known.prior, cut, histories, users)
    offsets, liked = _liked_posts(con, user_ids, posts.ids, cut, users)
    return ServingState(
        cut=cut,
        layout=layout,
        user_ids=user_ids,
        users=_joined(known, unseen),
        liked_offsets=offsets,
        liked_posts=liked,
        post_ids=posts.ids,
        posts=post_features(con, same_cut(POST_ID, posts.ids, cut), basis),
        topics=posts.topics,
        eligible=eligible,
        spaces=dict(basis.spaces),
        post_factors=post_factors,
        user_factors=user_factors,
        neighbours=basis.fitted.neighbours.among(posts.ids),
    )


def _factors(
    con: duckdb.DuckDBPyConnection,
    basis: Basis,
    user_ids: NDArray[np.int64],
    prior: NDArray[np.float32],
    cut: date,
    histories: Histories,
    users: Users,
) -> tuple[dict[str, PostFactors], dict[str, NDArray[np.float32]]]:
    """What each arm's model knows of posts (P, K), and of users and the unseen one (U + 1, K), by arm."""
    rows = np.arange(len(user_ids))
    if cut > basis.fitted.cut and users is not EVERYBODY:  # posts move by what everybody does
        everybody, prior = priors_of(con, basis)
        rows, user_ids = np.searchsorted(everybody, user_ids), everybody
    movers = users if cut <= basis.fitted.cut else EVERYBODY
    states = FactorStates(con, basis, user_ids, prior, histories, movers)
    states.advance(cut)
    posts, of_users = {}, {}
    for arm, state in states.arms.items():
        width = basis.fitted.factors[arm].factors.shape[1]  # as the model says, unused ones included
        posts[arm] = state.posts.widened(width)
        of_users[arm] = np.pad(state.users[rows], ((0, 1), (0, width - state.users.shape[1])))
    return posts, of_users


def _liked_posts(
    con: duckdb.DuckDBPyConnection,
    user_ids: NDArray[np.int64],
    post_ids: NDArray[np.int64],
    cut: date,
    users: Users,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    condition = f"action = 'like' AND known_at < $cut AND {users.condition}"
    query = f"SELECT user_id, post_id FROM raw.known_events WHERE {condition}"
    likes = con.execute(query, {"cut": cut, **users.values}).fetchnumpy()
    of_users, of_posts = rows_of_ids(user_ids, likes[USER_ID]), rows_of_ids(post_ids, likes[POST_ID])
    there = (of_users >= 0) & (of_posts >= 0)
    # each pair once, in order: as one number they are sorted faster than by SQL
    pairs = np.unique(of_users[there] * len(post_ids) + of_posts[there])
    of_users, of_posts = np.divmod(pairs, len(post_ids))
    return liked_lists(user_ids, post_ids, user_ids[of_users], post_ids[of_posts])


def _joined(known: UserFeatures, unseen: UserFeatures) -> UserFeatures:
    return UserFeatures(
        values=np.vstack([known.values, unseen.values]),
        topics=np.concatenate([known.topics, unseen.topics]),
        prior=np.vstack([known.prior, unseen.prior]),
        liked={arm: np.vstack([of, unseen.liked[arm]]) for arm, of in known.liked.items()},
    )
