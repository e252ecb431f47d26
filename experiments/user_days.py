"""One day of `experiments.experiment_daily`: what users were shown, what became of it, and all that they liked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.columns import ARM, USER_ID
from experiments.showings import Answers, Events, Ints

NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Members:
    """When each user was first seen in each arm, in microseconds."""

    user: Ints  # (U,) sorted
    arms: Sequence[str]
    entered_at: Ints  # (U, arms)

    @classmethod
    def of(cls, columns: dict[str, NDArray[Any]], arms: Sequence[str]) -> Self:
        """From the columns `user_id, arm, entered_at`; `arm` is a place in `arms`."""
        user, place = np.unique(columns[USER_ID], return_inverse=True)
        entered_at = np.full((len(user), len(arms)), NEVER)
        entered_at[place, columns[ARM]] = columns["entered_at"]
        return cls(user, arms, entered_at)


def user_rows(
    members: Members,
    answers: Answers,
    closed: NDArray[np.bool_],
    viewed: NDArray[np.bool_],
    liked: NDArray[np.bool_],
    likes: Events,
) -> pa.Table:
    """A row a user and arm with a closed answer, or a like since the first one in the arm.

    Args:
        members: all users of such answers.
        answers: of the day.
        closed: which of the answers count.
        viewed: which of their posts.
        liked: which of their posts.
        likes: of the day, by anybody, of anything.
    """
    arms = len(members.arms)
    # a member and an arm are one number
    answering = np.searchsorted(members.user, answers.user[closed]) * arms + answers.arm[closed]
    member = np.minimum(np.searchsorted(members.user, likes.user), len(members.user) - 1)
    entered_at = np.where((members.user[member] == likes.user)[:, None], members.entered_at[member], NEVER)
    like, arm = np.nonzero(entered_at <= likes.happened_at[:, None])
    rows, row = np.unique(np.concatenate([answering, member[like] * arms + arm]), return_inverse=True)
    row, row_of_like = row[: len(answering)], row[len(answering) :]

    views_of_answer, likes_of_answer = answers.count(viewed)[closed], answers.count(liked)[closed]
    sums = {
        "answers": np.bincount(row, minlength=len(rows)),
        "shown": np.bincount(row, answers.shown[closed], len(rows)),
        "viewed": np.bincount(row, views_of_answer, len(rows)),
        "liked": np.bincount(row, likes_of_answer, len(rows)),
        "hits": np.bincount(row, likes_of_answer > 0, len(rows)),
        "likes": np.bincount(row_of_like, minlength=len(rows)),
    }
    names = pa.DictionaryArray.from_arrays(rows % arms, pa.array(members.arms, pa.string()))
    counts = {name: column.astype(np.int32) for name, column in sums.items()}
    return pa.table({USER_ID: members.user[rows // arms], ARM: names, **counts})
