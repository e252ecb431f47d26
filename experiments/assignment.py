"""Which arm a user is in, and whether that counts: a pure function of plan and id.

Any GrowthBook SDK that is given the salt as seed, hash version 2, the user's id as a decimal string and the weights in
alphabetical order of the arms puts the user in the same arm. Nothing is stored: plan and id alone decide.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.buckets import BUCKETS, FNV_OFFSET, FNV_PRIME, NAMESPACE_BUCKETS, OUTSIDE, in_namespace, place
from experiments.plan import Plan

PART = 1 << 15  # ids hashed at once: their intermediate results stay in the cache


class Assignment(NamedTuple):
    """The arm that a user is shown, and whether what is shown counts for the experiment."""

    arm: str
    counted: bool


def assign(plan: Plan, user_id: int) -> Assignment:
    """The arm of one user.

    Not counted are testers, those outside coverage or namespace, and everybody once the experiment has ended: they get
    the arm that was shipped, or `control`.
    """
    if not plan.runs:
        return Assignment(plan.default_arm, counted=False)
    if user_id in plan.forced:
        return Assignment(plan.forced[user_id], counted=False)
    value = str(user_id)
    where = plan.namespace
    if where is None or in_namespace(value, where.id, where.start, where.end):
        arm = plan.arm_of_bucket[place(plan.seeded, value)]
        if arm != OUTSIDE:
            return Assignment(plan.arms[arm], counted=True)
    return Assignment(plan.default_arm, counted=False)


def assign_many(plan: Plan, ids: NDArray[np.int64]) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """The arms of many users at once, (n,) places in `plan.arms`, and who is counted, (n,): as `assign` for each."""
    arms = np.full(len(ids), plan.arms.index(plan.default_arm), np.int8)
    counted = np.zeros(len(ids), np.bool_)
    if not plan.runs:
        return arms, counted
    for part in _parts(len(ids)):
        found = plan.arm_of_bucket[_places(plan.seeded, ids[part])]
        counted[part] = found != OUTSIDE
        if plan.namespace is not None:
            counted[part] &= _in_namespace(ids[part], plan.namespace.id, plan.namespace.start, plan.namespace.end)
        arms[part] = np.where(counted[part], found, arms[part])
    for tester, arm in plan.forced.items():
        arms[ids == tester] = plan.arms.index(arm)
        counted[ids == tester] = False
    return arms, counted


def _parts(n: int) -> Iterator[slice]:
    return (slice(start, start + PART) for start in range(0, n, PART))


def _places(seeded: int, ids: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Buckets of [0, BUCKETS), see `buckets.place`."""
    first = _absorb_integers(np.full(len(ids), seeded, np.uint32), ids)
    return _absorb_decimal(np.full(len(ids), FNV_OFFSET, np.uint32), first) % np.uint32(BUCKETS)


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
