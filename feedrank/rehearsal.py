"""A rehearsal's days: simulated readers come to a real feed in accelerated time, and what is true of it is added up.

Time goes in steps of a quarter of an hour. In each the clock is set, what users did in the step before is written, and
those who open the feed in it are asked for together; so an answer knows all that had happened. Lists of a step are
shown at its first moment, and a user who comes twice within it comes once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec
import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from core.clock import Clock
from core.columns import COMPARED, EVENT_TIME, TEST, VIEW
from feedrank.feed_client import Feed, ShownList
from simulation.draws import Stream, stream
from simulation.feed import event_frame
from simulation.liked import LikedPairs
from simulation.readers import NOBODY, Reading, Visits, draw_visits, read, slowest_like
from simulation.settings import plain, utc
from simulation.truth import Truth

STEP = np.timedelta64(15, "m")


@dataclass(frozen=True)
class Readers:
    """Who comes, how long their lists are, and what is planted."""

    posts: int = 5  # of a list
    share: float = 1.0  # of the users who come at all
    seed: int = 0
    lift: float = 0.0  # by which probabilities of the arm `test` are raised, relative


class ArmTruth(Struct):
    """What one arm has shown."""

    answers: int = 0
    shown: int = 0
    expected: float = 0.0  # likes: the sum of the true probabilities
    liked: int = 0

    @property
    def rate(self) -> float:
        """Mean true probability that a shown post is liked; NaN for an arm that has shown none."""
        return self.expected / self.shown if self.shown else float("nan")


class ShownTruth(Struct):
    """What is true of all that an experiment has shown."""

    arms: dict[str, ArmTruth] = msgspec.field(default_factory=dict)

    @property
    def answers(self) -> int:
        return sum(arm.answers for arm in self.arms.values())

    @property
    def relative(self) -> float:
        """By how much what `test` showed was truly liked better than what `control` showed, relative."""
        control, test = (self.arms.get(arm, ArmTruth()).rate for arm in COMPARED)
        return test / control - 1

    def add(self, lists: list[ShownList], arms: NDArray[np.str_], reading: Reading) -> None:
        """Take in what came of `lists`; `arms` is that of each entry of `reading`."""
        for one in lists:
            self.arms.setdefault(one.exp_group, ArmTruth()).answers += 1
        for arm, truth in self.arms.items():
            rows = arms == arm
            truth.shown += int(rows.sum())
            truth.expected += float(reading.probability[rows].sum(dtype=np.float64))
            truth.liked += int(reading.liked[rows].sum())


def play(
    feed: Feed,
    clock: Clock,
    truth: Truth,
    pairs: LikedPairs,
    end: datetime,
    readers: Readers,
    shown: ShownTruth,
    on_hour: Callable[[datetime], None],
) -> None:
    """Play from the clock's moment to `end`, whole midnights both.

    Nobody opens the feed so late that a like could come after the end, so that all likes of what was shown are in.

    Args:
        feed: the API under rehearsal.
        clock: the one that it looks at.
        truth: of its network.
        pairs: who has liked what before; new likes are added.
        end: when it is over, UTC without a zone.
        readers: who comes.
        shown: what was shown before; all that is shown now is added.
        on_hour: called with each whole hour that begins.
    """
    closes = utc(end) - slowest_like(readers.posts)
    done = _nothing(truth)  # what users do and has not been written
    now = utc(clock.moment)
    visits = Visits(np.empty(0, np.int64), np.empty(0, "datetime64[us]"))
    while now < utc(end):
        moment = plain(now)
        if moment == moment.replace(hour=0, minute=0):
            visits = draw_visits(truth, now, readers.posts, readers.share, readers.seed)
        if moment.minute == 0:
            on_hour(moment)
        clock.set(moment)
        users = visits.between(now, min(now + STEP, closes))
        before = pl.col(EVENT_TIME) < moment
        lists = feed.exchange(done.filter(before), truth.user_ids[users], readers.posts)
        reading = _let_read(truth, pairs, users, lists, now, readers, shown)
        done = pl.concat([done.filter(~before), *reading]).sort(EVENT_TIME, maintain_order=True)
        now += STEP
    clock.set(end)
    feed.exchange(done, truth.user_ids[:0], readers.posts)


def _let_read(
    truth: Truth,
    pairs: LikedPairs,
    users: NDArray[np.int64],
    lists: list[ShownList],
    now: np.datetime64,
    readers: Readers,
    shown: ShownTruth,
) -> list[pl.DataFrame]:
    """What came of the lists: views and likes."""
    arms = np.array([one.exp_group for one in lists], np.str_)
    factor = np.where(arms == TEST, 1 + readers.lift, 1.0)
    rng = stream(readers.seed, Stream.READERS, int(now.astype(np.int64)))
    posts = _rows(truth, lists, readers.posts)
    reading = read(rng, truth, pairs, users, posts, factor, now)
    shown.add(lists, np.repeat(arms, (posts != NOBODY).sum(axis=1)), reading)
    return [reading.views(truth), reading.likes(truth)]


def _rows(truth: Truth, lists: list[ShownList], width: int) -> NDArray[np.int64]:
    """Rows of the posts of each list, (n, width); a post that the truth does not know is nobody's."""
    lengths = np.array([len(one.recommendations) for one in lists], np.int64)
    ids = np.array([post.id for one in lists for post in one.recommendations], np.int64)
    rows = np.full((len(lists), width), NOBODY)
    rows[np.arange(width) < lengths[:, None]] = truth.post_rows(ids)
    return rows


def _nothing(truth: Truth) -> pl.DataFrame:
    nobody = np.empty(0, np.int64)
    return event_frame(truth, nobody, nobody, VIEW, np.empty(0, "datetime64[us]"), np.empty(0, np.bool_))
