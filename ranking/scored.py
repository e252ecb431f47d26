"""What is judged, whatever ranks by it: scores of the judged views, and a list for each judged user."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ranking.judged_rows import JudgedRows
from ranking.top_k import top_k
from ranking.user_metrics import LIST_LENGTH

# of scores and of what ranking them takes, for the users judged at once
CHUNK_BYTES = 64 * 2**20
BYTES_A_SCORE = 24

Scorer = Callable[[slice], NDArray[np.floating]]  # users of the judged rows -> scores (m, P)
Chooser = Callable[[NDArray[np.floating], int], NDArray[np.int64]]  # scores (m, P), length -> lists (m, length)


class State(Protocol):
    """What was known at the cut: U users and P posts, ids ascending."""

    @property
    def user_ids(self) -> NDArray[np.int64]: ...  # (U,)

    @property
    def post_ids(self) -> NDArray[np.int64]: ...  # (P,)

    @property
    def eligible(self) -> NDArray[np.bool_]: ...  # (P,) may be recommended

    @property
    def liked_offsets(self) -> NDArray[np.int64]: ...  # (U + 2,)

    @property
    def liked_posts(self) -> NDArray[np.int32]: ...  # (L,)

    @property
    def neighbours(self) -> csr_array: ...  # (P, P) similarity of posts by who liked them


class Judged(Protocol):
    """A recommender as the evaluation sees it; `user_rows` index `state.user_ids`, -1 stands for an unknown user."""

    @property
    def state(self) -> State: ...

    def score(self, arm: str, user_rows: NDArray[np.int64], when: datetime) -> NDArray[np.float32]:
        """Probability that each user likes each post, (len(user_rows), P)."""
        ...

    def already_liked(self, user_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Posts each user liked before the cut, (len(user_rows), P)."""
        ...

    def considered(self, arm: str, user_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Posts that the ranker decides about, (len(user_rows), P): all that may be shown, or candidates."""
        ...

    def choose(self, arm: str, scores: NDArray[np.floating], limit: int) -> NDArray[np.int64]:
        """The list that would be shown by these scores, (n, P) with -inf for no candidate -> (n, limit)."""
        ...


@dataclass(frozen=True, slots=True)
class Contestant:
    """An arm, an arm of the standing pair or a baseline: how it scores, and how its scores become a list."""

    score: Scorer
    choose: Chooser = top_k
    considered: Callable[[slice], NDArray[np.bool_]] | None = None  # users -> (m, P); None: all posts that may be shown


@dataclass(frozen=True, slots=True)
class Scored:
    """What one contestant makes of the judged users."""

    views: NDArray[np.float64]  # (E,) scores of the judged views
    lists: NDArray[np.int64]  # (n, LIST_LENGTH) over all eligible posts, -1 empty
    # (E,) 1 where a view's post scores above an eligible one drawn at random, 1/2 for a tie; NaN: not both candidates
    above_drawn: NDArray[np.float64]


def score_users(
    recommender: Judged,
    rows: JudgedRows,
    users: NDArray[np.int64],
    contestants: Mapping[str, Contestant],
    seed: int,
) -> tuple[dict[str, Scored], NDArray[np.int64]]:
    """Scores and lists of each contestant, and how many posts each user could have been recommended and liked, (n,).

    `users` (n,) are the rows of the judged users in the state. They go chunk by chunk: all their scores at once would
    be n·P numbers. `seed` draws the posts that views are compared with.
    """
    state, n = recommender.state, len(users)
    scored = {
        name: Scored(np.empty(len(rows.user)), np.empty((n, LIST_LENGTH), np.int64), np.full(len(rows.user), np.nan))
        for name in contestants
    }
    eligible = np.append(np.flatnonzero(state.eligible), 0)  # never empty; the last is not drawn unless it is alone
    drawn = eligible[np.random.default_rng(seed).integers(max(1, len(eligible) - 1), size=len(rows.user))]  # (E,)
    relevant = rows.unscored_likes.copy()
    step = max(1, CHUNK_BYTES // (BYTES_A_SCORE * max(1, len(state.post_ids))))
    for start in range(0, n, step):
        part = slice(start, min(start + step, n))
        views = slice(*np.searchsorted(rows.user, [part.start, part.stop]))
        pairs = slice(*np.searchsorted(rows.pair_start, [views.start, views.stop]))
        already = recommender.already_liked(users[part])  # (m, P)
        user, post = rows.pair_user[pairs] - start, rows.pair_post[pairs]
        first_likes = rows.pair_liked[pairs] & ~already[user, post]
        relevant[part] += np.bincount(user[first_likes], minlength=part.stop - start)
        excluded = already | ~state.eligible
        viewer = rows.user[views] - start
        candidates_both = ~(excluded[viewer, rows.post[views]] | excluded[viewer, drawn[views]])
        for name, contestant in contestants.items():
            scores = contestant.score(part)
            scored[name].views[views] = of_view = scores[viewer, rows.post[views]]
            of_drawn = scores[viewer, drawn[views]]
            above = (of_view > of_drawn) + 0.5 * (of_view == of_drawn)
            scored[name].above_drawn[views] = np.where(candidates_both, above, np.nan)
            among = contestant.considered(part) if contestant.considered else ~excluded
            scored[name].lists[part] = contestant.choose(np.where(among, scores, -np.inf), LIST_LENGTH)
    return scored, relevant
