"""Which arm a user is in, and whether that counts: a pure function of plan, id, and the arm that the user was shown.

Any GrowthBook SDK that is given the salt as seed, hash version 2, the user's id as a decimal string and the weights in
alphabetical order of the arms puts the user in the same arm. Who has been shown an arm keeps it when weights change
(`experiments.sticky`).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.buckets import BUCKETS, FNV_OFFSET, FNV_PRIME, NAMESPACE_BUCKETS, OUTSIDE, in_namespace, place
from experiments.members import Members
from experiments.plan import Plan
from experiments.sticky import BLOCKED, kept_variation

PART = 1 << 15  # ids hashed at once: their intermediate results stay in the cache


class Assignment(NamedTuple):
    """The arm that a user is shown, and whether what is shown counts for the experiment."""

    arm: str
    counted: bool


def assign(plan: Plan, user_id: int, members: Members | None = None) -> Assignment:
    """The arm of one user.

    Not counted are testers, those outside coverage or namespace, those blocked by `min_bucket_version`, and everybody
    once the experiment has ended: they get the arm that was shipped, or `control`. A member keeps the arm even where
    coverage or weights would not give it any more. Without `members` nobody has been shown anything.
    """
    if not plan.runs:
        return Assignment(plan.default_arm, counted=False)
    if user_id in plan.forced:
        return Assignment(plan.forced[user_id], counted=False)
    if members is not None and (shown := members.assignments(user_id)):
        kept = kept_variation(shown, plan.salt, plan.bucket_version, plan.min_bucket_version, plan.arms)
        if kept == BLOCKED:
            return Assignment(plan.default_arm, counted=False)
        if kept != OUTSIDE:
            return Assignment(plan.arms[kept], counted=True)
    value = str(user_id)
    where = plan.namespace
    if where is None or in_namespace(value, where.id, where.start, where.end):
        arm = plan.arm_of_bucket[place(plan.seeded, value)]
        if arm != OUTSIDE:
            return Assignment(plan.arms[arm], counted=True)
    return Assignment(plan.default_arm, counted=False)


def assign_many(
    plan: Plan, ids: NDArray[np.int64], members: Members | None = None
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """The arms of many users at once, (n,) places in `plan.arms`, and who is counted, (n,): as `assign` for each."""
    default = plan.arms.index(plan.default_arm)
    if not plan.runs:
        return np.full(len(ids), default, np.int8), np.zeros(len(ids), np.bool_)
    arms = plan.arm_of_bucket[places(plan, ids)]
    counted = arms != OUTSIDE
    if plan.namespace is not None:
        for part in _parts(len(ids)):
            counted[part] &= _in_namespace(ids[part], plan.namespace.id, plan.namespace.start, plan.namespace.end)
    if members is not None:
        kept, blocked = members.kept(plan, ids)
        arms = np.where(kept == OUTSIDE, arms, kept)
        counted = (counted | (kept != OUTSIDE)) & ~blocked
    arms[~counted] = default
    for tester, arm in plan.forced.items():
        arms[ids == tester] = plan.arms.index(arm)
        counted[ids == tester] = False
    return arms, counted


def places(plan: Plan, ids: NDArray[np.int64]) -> NDArray[np.uint16]:
    """The bucket of each user, (n,), of [0, BUCKETS): that which `buckets.place` gives."""
    found = np.empty(len(ids), np.uint16)
    for part in _parts(len(ids)):
        first = _absorb_integers(np.full(len(ids[part]), plan.seeded, np.uint32), ids[part])
        found[part] = _absorb_decimal(np.full(len(first), FNV_OFFSET, np.uint32), first) % np.uint32(BUCKETS)
    return found


def _parts(n: int) -> Iterator[slice]:
    return (slice(start, start + PART) for start in range(0, n, PART))


def _in_namespace(ids: NDArray[np.int64], name: str, start: float, end: float) -> NDArray[np.bool_]:
    state = _absorb_integers(np.full(len(ids), FNV_OFFSET, np.uint32), ids)
    for character in f"__{name}":
        state = _absorb(state, np.uint32(ord(character)))
    n = state % NAMESPACE_BUCKETS / NAMESPACE_BUCKETS
    return (start <= n) & (n < end)


def _absorb(state: NDArray[np.uint32], codes: NDArray[np.uint32] | np.uint32) -> NDArray[np.uint32]:
    """One FNV-1a step; uint32 wraps around by itself."""
    return (state ^ codes) * np.uint32(FNV_PRIME)


def _absorb_integers(state: NDArray[np.uint32], ids: NDArray[np.int64]) -> NDArray[np.uint32]:
    """FNV-1a over the decimal text of each id."""
    negative = ids < 0
    # the cast comes first: the lowest int64 has no positive counterpart, its magnitude exists as uint64 only
    magnitude = ids.astype(np.uint64)
    if negative.any():
        state = np.where(negative, _absorb(state, np.uint32(ord("-"))), state)
        magnitude = np.where(negative, np.uint64(0) - magnitude, magnitude)
    return _absorb_decimal(state, magnitude)


def _absorb_decimal(state: NDArray[np.uint32], numbers: NDArray[np.uint64] | NDArray[np.uint32]) -> NDArray[np.uint32]:
    """FNV-1a over the decimal digits of each number, a column of digits at a time, the highest first."""
    most, fewest = len(str(numbers.max())), len(str(numbers.min()))
    kind = numbers.dtype.type
    before = numbers - numbers
    for digits in range(most, 0, -1):
        quotient = numbers // kind(10 ** (digits - 1))
        digit = (quotient - before * kind(10)).astype(np.uint32)
        absorbed = _absorb(state, digit + np.uint32(ord("0")))
        # leading zeros are no digits, yet 0 itself has one
        state = absorbed if digits <= fewest else np.where(quotient > 0, absorbed, state)
        before = quotient
    return state
