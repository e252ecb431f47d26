"""Numbers that look random and depend on their input alone: no state, no order, the same on every machine."""

import numpy as np
from numpy.typing import NDArray

GOLDEN_GAMMA = 0x9E3779B97F4A7C15
DEALING = 0  # the seed of `partition_of`


def splitmix64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The output function of SplitMix64 after one step: a bijection of 64-bit numbers.

    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, figure 17.

    >>> hex(splitmix64(np.array([0], np.uint64))[0])
    '0xe220a8397b1dcdaf'
    """
    z = values + np.uint64(GOLDEN_GAMMA)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def hash_ids(ids: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """A 64-bit hash of each id, another one for each seed; different ids never share one."""
    return splitmix64(ids.astype(np.uint64) ^ splitmix64(np.array([seed], np.uint64)))


def partition_of(ids: NDArray[np.int64], parts: int) -> NDArray[np.int64]:
    """Deal ids to so many parts of about one size; an id stays in its part whoever comes or goes.

    >>> partition_of(np.arange(8), 3).tolist()
    [0, 1, 1, 2, 2, 2, 1, 2]
    """
    return (hash_ids(ids, DEALING) % np.uint64(parts)).astype(np.int64)
