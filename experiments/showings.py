"""Which showing a view or a like counts for: the latest one of its post to its user, within the window.

Answers are laid out by user and, for each user, from the latest to the first, with their posts one after the other.
What an event may count for is then one stretch of posts, and the first of them that is its own post is the showing.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
NOWHERE: Final = -1
LARGEST: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Answers:
    """By user, the latest of each user first; moments in microseconds."""

    user: Ints  # (N,)
    shown_at: Ints  # (N,)
    arm: Ints  # (N,) place in the experiment's arms
    begin: Ints  # (N + 1,) the list of answer n is post[begin[n]:begin[n + 1]]
    post: Ints  # (P,)

    @classmethod
    def of(cls, rows: pa.Table) -> Self:
        """From the columns `user_id, shown_at, arm, post_ids`."""
        user, shown_at, arm = (rows[name].to_numpy() for name in ("user_id", "shown_at", "arm"))
        order = _latest_first(user, shown_at)
        lists = rows["post_ids"].combine_chunks().take(pa.array(order))
        begin = np.concatenate([[0], np.cumsum(lists.value_lengths().to_numpy(), dtype=np.int64)])
        return cls(user[order], shown_at[order], arm[order], begin, lists.flatten().to_numpy())

    @property
    def shown(self) -> Ints:
        """How many posts each answer has."""
        return np.diff(self.begin)

    def marked(self, places: Ints) -> NDArray[np.bool_]:
        """Which of the posts are at `places`; what is `NOWHERE` is left out."""
        marked = np.zeros(len(self.post), np.bool_)
        marked[places[places != NOWHERE]] = True
        return marked

    def count(self, marked: NDArray[np.bool_]) -> Ints:
        """How many posts of each answer are marked."""
        before: Ints = np.concatenate([[0], np.cumsum(marked)])
        return before[self.begin[1:]] - before[self.begin[:-1]]

    def listed(self, marked: NDArray[np.bool_]) -> pa.Table:
        """The marked posts as `user_id, shown_at, place`; the first of a list has place 1."""
        at = np.flatnonzero(marked)
        answer = np.searchsorted(self.begin, at, "right") - 1
        return pa.table(
            {"user_id": self.user[answer], "shown_at": self.shown_at[answer], "place": at - self.begin[answer] + 1}
        )


@dataclass(frozen=True)
class Events:
    """Views and likes, in the same order; moments in microseconds."""

    user: Ints
    post: Ints
    happened_at: Ints
    like: NDArray[np.bool_]

    @classmethod
    def of(cls, columns: dict[str, NDArray[Any]]) -> Self:
        """From the columns `user_id, post_id, happened_at, like`."""
        order = _latest_first(columns["user_id"], columns["happened_at"])
        return cls(*(columns[name][order] for name in ("user_id", "post_id", "happened_at", "like")))

    def where(self, mask: NDArray[np.bool_]) -> Self:
        return type(self)(self.user[mask], self.post[mask], self.happened_at[mask], self.like[mask])


def latest_showings(answers: Answers, events: Events, window: int) -> Ints:
    """Of each event the place in `answers.post` that it counts for, or `NOWHERE`."""
    found = np.full(len(events.user), NOWHERE)
    if not len(answers.user):
        return found
    at, end = _stretches(answers, events, window)
    left = np.flatnonzero(at < end)
    at, end, post = at[left], end[left], events.post[left]
    while len(left):
        hit = answers.post[at] == post
        found[left[hit]] = at[hit]
        at += 1
        further = ~hit & (at < end)
        left, at, end, post = left[further], at[further], end[further], post[further]
    return found


def _stretches(answers: Answers, events: Events, window: int) -> tuple[Ints, Ints]:
    """Of each event where the posts begin and end that its user was shown within the window before it."""
    moments = np.concatenate([answers.shown_at, events.happened_at])
    latest = moments.max()
    width = 2 * int(latest - moments.min()) + 1
    window = min(window, width // 2)  # what a longer one reaches, this one does
    answering, acting = _users(answers.user, events.user, width)
    # user and moment make one number, which grows along the answers
    number = answering * width - answers.shown_at + latest
    moment = acting * width - events.happened_at + latest
    first = np.searchsorted(number, moment)
    last = np.searchsorted(number, moment + window, "right")
    return answers.begin[first], answers.begin[last]


def _users(answering: Ints, acting: Ints, width: int) -> tuple[Ints, Ints]:
    """Small numbers, in the users' order, for the users of answers and of events; who has no answer gets the last.

    Raises:
        ValueError: `width` times as many numbers are too many for 64 bits.
    """
    first, last = int(answering[0]), int(answering[-1])
    if (last - first + 2) * width <= LARGEST:  # ids serve as they are, less the first
        known = (acting >= first) & (acting <= last)
        return answering - first, np.where(known, acting - first, last - first + 1)
    new = np.diff(answering, prepend=answering[0] - 1) != 0
    users = answering[new]
    if (len(users) + 1) * width > LARGEST:  # with a window of a week, 6 million
        raise ValueError(f"{len(users):,} users on a day are too many for experiment.window; make it shorter")
    user = np.searchsorted(users, acting)
    known = users[np.minimum(user, len(users) - 1)] == acting
    return np.cumsum(new) - 1, np.where(known, user, len(users))


def _latest_first(user: Ints, moment: Ints) -> Ints:
    """The order by user, and of each user by moment, the latest first."""
    if not len(user):
        return np.zeros(0, np.int64)
    latest, width = moment.max(), int(moment.max() - moment.min()) + 1
    if (int(user.max()) - int(user.min()) + 1) * width <= LARGEST:  # one number takes half the time of two
        return np.argsort((user - user.min()) * width + latest - moment)
    return np.lexsort((-moment, user))
