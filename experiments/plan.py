"""The plan of an experiment: all that decides who is in which arm. A change makes another plan of it; nothing mutates.

Arms stand in alphabetical order, whatever the order of the weights, which neither a settings file nor `jsonb` keeps.
"""

from datetime import datetime
from functools import cached_property
from typing import Literal, Self

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from core.columns import CONTROL
from core.errors import ExperimentError
from core.settings import ExperimentSettings
from experiments.buckets import BUCKETS, OUTSIDE, bucket_ranges, choose, fnv1a32

Design = Literal["split", "interleaved"]


class Namespace(Struct, frozen=True):
    """The share of users that an experiment may have; experiments with ranges that do not meet exclude each other."""

    id: str
    start: float
    end: float


class Plan(Struct, frozen=True, dict=True):  # dict: what follows from the fields is computed once and kept there
    """Who is in the experiment and in which arm. Moments are UTC without a zone.

    Raises:
        ExperimentError: the weights do not name the arms as they must, or a share is out of bounds.
    """

    name: str
    salt: str
    weights: dict[str, float]
    coverage: float
    namespace: Namespace | None
    forced: dict[int, str]  # testers see this arm and are never counted
    design: Design
    started_at: datetime
    ended_at: datetime | None
    shipped: str | None  # the arm that everybody gets since the end
    moves: list[datetime] = field(default_factory=list)  # when those who had been shown an arm were dealt anew
    min_bucket_version: int = 0  # who was shown an arm in a version below it is left out

    def __post_init__(self) -> None:
        total = sum(self.weights.values())
        if CONTROL not in self.weights or min(self.weights.values()) < 0 or abs(total - 1) > 1e-9:
            raise ExperimentError(
                f"weights {self.weights} cannot be; each must be from 0 to 1, together 1 (they add up to {total:g}), "
                f"and {CONTROL!r} must be among them"
            )
        if unknown := {*self.forced.values(), self.default_arm} - self.weights.keys():
            raise ExperimentError(f"arms {sorted(unknown)} cannot be shown; weights name {', '.join(self.arms)}")
        if not 0 <= self.coverage <= 1:
            raise ExperimentError(f"coverage {self.coverage:g} cannot be; it must be from 0 to 1")
        if not 0 <= self.min_bucket_version <= self.bucket_version:
            raise ExperimentError(
                f"min_bucket_version {self.min_bucket_version} cannot be; it must be from 0 to {self.bucket_version}, "
                "the bucket version of now"
            )

    @classmethod
    def begin(cls, settings: ExperimentSettings, started_at: datetime) -> Self:
        """The plan of the settings' experiment, beginning now."""
        where = settings.namespace
        return cls(
            name=settings.name,
            salt=settings.salt,
            weights=dict(settings.weights),
            coverage=settings.coverage,
            namespace=None if where is None else Namespace(where.id, where.start, where.end),
            forced=dict(settings.forced),
            design=settings.design,
            started_at=started_at,
            ended_at=None,
            shipped=None,
        )

    @cached_property
    def arms(self) -> tuple[str, ...]:
        return tuple(sorted(self.weights))

    @cached_property
    def seeded(self) -> int:
        """The hash of the salt, from which that of each user goes on."""
        return fnv1a32(self.salt)

    @cached_property
    def arm_of_bucket(self) -> NDArray[np.int8]:
        """(BUCKETS,) the place in `arms` of who hashes to a bucket; -1 for those whom the coverage leaves out."""
        ranges = bucket_ranges(len(self.arms), self.coverage, [self.weights[arm] for arm in self.arms])
        return np.array([choose(ranges, number / BUCKETS) for number in range(BUCKETS)], np.int8)

    @property
    def bucket_version(self) -> int:
        """Users keep the arm that they were shown in this version; each move makes another."""
        return len(self.moves)

    @cached_property
    def default_arm(self) -> str:
        """The arm of those who are not in the experiment."""
        return self.shipped or CONTROL

    @cached_property
    def runs(self) -> bool:
        return self.ended_at is None

    def stop(self, at: datetime) -> Self:
        """End it: from now on everybody gets `control`."""
        self._must_run("stopped")
        return replace(self, ended_at=at)

    def ship(self, arm: str, at: datetime) -> Self:
        """End it if it runs, and give everybody one arm from now on."""
        if arm not in self.weights:
            raise ExperimentError(
                f"arm {arm!r} is not of experiment {self.name!r}; its arms are {', '.join(self.arms)}"
            )
        if self.shipped == arm:
            raise ExperimentError(f"arm {arm!r} of experiment {self.name!r} is shipped already")
        return replace(self, ended_at=self.ended_at or at, shipped=arm)

    def reweigh(self, weights: dict[str, float], move_at: datetime | None = None) -> Self:
        """Give the arms other shares of the users.

        Those who have been shown an arm keep it, unless they are to move at a moment; see `moved` for whom that moves.
        """
        self._must_run("given other weights")
        if set(weights) != set(self.weights):
            raise ExperimentError(
                f"weights are given for {', '.join(sorted(weights)) or 'no arm'}; the arms of experiment "
                f"{self.name!r} are {', '.join(self.arms)}, and each needs one"
            )
        return replace(self, weights=weights, moves=self.moves if move_at is None else [*self.moves, move_at])

    def cover(self, coverage: float) -> Self:
        """Take more of the users in; those who are in stay in their arm."""
        self._must_run("widened")
        if coverage < self.coverage:
            raise ExperimentError(
                f"coverage {coverage:g} is less than the {self.coverage:g} of now, and can only grow: those left out "
                "have been counted. Stop the experiment and start another with a salt of its own"
            )
        return replace(self, coverage=coverage)

    def _must_run(self, done: str) -> None:
        if self.ended_at is not None:
            raise ExperimentError(
                f"experiment {self.name!r} ended at {self.ended_at:%Y-%m-%d %H:%M} UTC and cannot be {done}; "
                "feedrank experiment start begins the one of the settings"
            )


def moved(before: Plan, after: Plan) -> float:
    """The share of all users whose hash falls to another arm after a change: those who keep nothing change arm."""
    one, other = before.arm_of_bucket, after.arm_of_bucket
    return float(np.mean((one != other) & (one != OUTSIDE) & (other != OUTSIDE)))
