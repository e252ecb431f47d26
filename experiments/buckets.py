"""GrowthBook's hashes and ranges, as pure functions: a number of [0, 1) for a user, and the arm whose range holds it.

Source: GrowthBook, "Build your own SDK", sections hash, getBucketRanges, chooseVariation, inNamespace, getEqualWeights.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

FNV_OFFSET: Final = 0x811C9DC5
FNV_PRIME: Final = 0x01000193
BUCKETS: Final = 10_000
NAMESPACE_BUCKETS: Final = 1_000
OUTSIDE: Final = -1

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


def place(seeded: int, value: str) -> int:
    """The bucket of `value`, 0 to 9,999, by hash version 2; `seeded` is `fnv1a32` of the seed.

    Hashing the decimal text of the first hash once more is what removes the bias of version 1.
    """
    return fnv1a32(str(fnv1a32(value, seeded))) % BUCKETS


def bucket(seed: str, value: str) -> float:
    """Hash version 2: a number of [0, 1) in steps of 1/10,000.

    >>> bucket("seed", "a")
    0.0505
    """
    return place(fnv1a32(seed), value) / BUCKETS


def namespace_bucket(seed: str, value: str) -> float:
    """Hash version 1, which namespaces keep using: a number of [0, 1) in steps of 1/1,000.

    >>> namespace_bucket("b", "a")
    0.946
    """
    return fnv1a32(value + seed) % NAMESPACE_BUCKETS / NAMESPACE_BUCKETS


def in_namespace(value: str, name: str, start: float, end: float) -> bool:
    """Whether the half-open range of a namespace holds the user; ranges that share no point share no user.

    >>> in_namespace("1", "namespace1", 0, 0.4), in_namespace("1", "namespace1", 0.4, 1)
    (False, True)
    """
    return start <= namespace_bucket(f"__{name}", value) < end


def equal_weights(arms: int) -> list[float]:
    """The same share for each; none for no arm.

    >>> equal_weights(4), equal_weights(-1)
    ([0.25, 0.25, 0.25, 0.25], [])
    """
    return [1 / arms] * arms if arms > 0 else []


def bucket_ranges(arms: int, coverage: float = 1.0, weights: Sequence[float] | None = None) -> list[BucketRange]:
    """Half-open ranges of [0, 1), one an arm; `coverage` cuts each range short from its end, so that growing adds only.

    As in GrowthBook, a coverage outside [0, 1] is brought to its bound, and weights that are not one an arm or do not
    add up to 1 (within 0.01) are replaced by equal ones.

    >>> bucket_ranges(2, coverage=0.5)
    [(0.0, 0.25), (0.5, 0.75)]
    """
    coverage = min(max(coverage, 0.0), 1.0)
    if weights is None or len(weights) != arms or not 0.99 <= sum(weights) <= 1.01:
        weights = equal_weights(arms)
    starts = accumulate(weights, initial=0.0)
    return [(start, start + coverage * weight) for start, weight in zip(starts, weights, strict=False)]


def choose(ranges: Sequence[BucketRange], n: float) -> int:
    """The index of the range that holds `n`, -1 where none does.

    >>> choose([(0, 0.25), (0.5, 0.75)], 0.5), choose([(0, 0.25), (0.5, 0.75)], 0.25)
    (1, -1)
    """
    return next((index for index, (start, end) in enumerate(ranges) if start <= n < end), OUTSIDE)
