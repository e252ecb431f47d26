"""Which arm a user is in: GrowthBook's hash version 2 over half-open ranges, as pure functions.

Any GrowthBook SDK that is given the salt as seed, the user's id as a decimal string and the weights in the order of
`ARMS` puts the user in the same arm. Nothing is stored: the id alone decides.

Source: GrowthBook, "Build your own SDK", sections hash, getBucketRanges and chooseVariation.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from core.columns import ARMS
from core.settings import ExperimentSettings

FNV_OFFSET = 0x811C9DC5
FNV_PRIME = 0x01000193
BUCKETS = 10_000
OUTSIDE = -1

BucketRange = tuple[float, float]


def fnv1a32(text: str, state: int = FNV_OFFSET) -> int:
    """FNV-1a, 32 bits, over the characters' code points, going on from `state`.

    SDKs differ in how they read characters outside ASCII, so a salt should hold none.

    >>> hex(fnv1a32("a"))
    '0xe40c292c'
    """
    for character in text:
        state = ((state ^ ord(character)) * FNV_PRIME) & 0xFFFFFFFF
    return state


def bucket(seed: str, value: str) -> float:
    """Hash version 2: a number of [0, 1) in steps of 1/10,000.

    Hashing the decimal text of the first hash once more is what removes the bias of version 1.

    >>> bucket("seed", "a")
    0.0505
    """
    return fnv1a32(str(fnv1a32(seed + value))) % BUCKETS / BUCKETS


def bucket_ranges(arms: int, coverage: float = 1.0, weights: Sequence[float] | None = None) -> list[BucketRange]:
    """Half-open ranges of [0, 1), one an arm; `coverage` cuts each range short from its end.

    As in GrowthBook, a coverage outside [0, 1] is brought to its bound, and weights that are not one an arm or do not
    add up to 1 (within 0.01) are replaced by equal ones.

    >>> bucket_ranges(2, coverage=0.5)
    [(0.0, 0.25), (0.5, 0.75)]
    """
    coverage = min(max(coverage, 0.0), 1.0)
    if weights is None or len(weights) != arms or not 0.99 <= sum(weights) <= 1.01:
        weights = [1 / arms] * arms
    starts = accumulate(weights, initial=0.0)
    return [(start, start + coverage * weight) for start, weight in zip(starts, weights, strict=False)]


def choose(ranges: Sequence[BucketRange], n: float) -> int:
    """The index of the range that holds `n`, -1 where none does.

    >>> choose([(0, 0.25), (0.5, 0.75)], 0.5), choose([(0, 0.25), (0.5, 0.75)], 0.25)
    (1, -1)
    """
    return next((index for index, (start, end) in enumerate(ranges) if start <= n < end), OUTSIDE)


def _ranges_of(experiment: ExperimentSettings) -> list[BucketRange]:
    # the order of ARMS, not of the settings file: reordering lines there must not move users
    return bucket_ranges(len(ARMS), weights=[experiment.weights[arm] for arm in ARMS])


def assign(experiment: ExperimentSettings, user_id: int) -> str:
    """The arm of one user. The settings' weights add up to 1, so every user has one.

    >>> assign(ExperimentSettings(salt="text-embeddings-1"), 200)
    'test'
    """
    return ARMS[choose(_ranges_of(experiment), bucket(experiment.salt, str(user_id)))]


def assign_many(experiment: ExperimentSettings, user_ids: NDArray[np.int64]) -> NDArray[np.int8]:
    """The arms of many users at once, (U,) indices into `ARMS`, equal to `assign` for each.

    >>> ids = np.array([200, 201, 202])
    >>> [ARMS[arm] for arm in assign_many(ExperimentSettings(), ids)] == [assign(ExperimentSettings(), i) for i in ids]
    True
    """
    seeded = np.full(user_ids.shape, fnv1a32(experiment.salt), np.uint32)
    minus = np.where(user_ids < 0, _absorb(seeded, np.uint32(ord("-"))), seeded)
    # the cast comes first: the lowest int64 has no positive counterpart, its magnitude exists as uint64 only
    unsigned = user_ids.astype(np.uint64)
    magnitude = np.where(user_ids < 0, np.uint64(0) - unsigned, unsigned)
    first = _absorb_decimal(minus, magnitude)
    second = _absorb_decimal(np.full(user_ids.shape, FNV_OFFSET, np.uint32), first.astype(np.uint64))
    n = second % BUCKETS / BUCKETS
    arms = np.full(user_ids.shape, OUTSIDE, np.int8)
    for index, (start, end) in enumerate(_ranges_of(experiment)):
        arms[(start <= n) & (n < end)] = index
    return arms


def _absorb(state: NDArray[np.uint32], codes: NDArray[np.uint32] | np.uint32) -> NDArray[np.uint32]:
    """One FNV-1a step; uint32 wraps around by itself."""
    return (state ^ codes) * np.uint32(FNV_PRIME)


def _absorb_decimal(state: NDArray[np.uint32], numbers: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """FNV-1a over the decimal digits of each number, a column of digits at a time, the highest first."""
    for power in 10 ** np.arange(19, -1, -1, dtype=np.uint64):
        digit = (numbers // power % np.uint64(10)).astype(np.uint32)
        begun = (numbers >= power) | (power == 1)  # leading zeros are no digits, yet 0 itself has one
        state = np.where(begun, _absorb(state, digit + np.uint32(ord("0"))), state)
    return state
