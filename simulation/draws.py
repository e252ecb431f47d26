"""Streams of random numbers, and the draws that users and posts share: ids with gaps and moments of arrival."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from simulation.settings import WorldSettings

_ID_DENSITY = 0.85  # ids in use among all ids handed out: a network deletes accounts and posts


class Stream(IntEnum):
    """One stream for each part of the world, so that a change of one size leaves the other parts as they were."""

    USERS = 0
    USER_TASTE = 1
    USER_ACTIVITY = 2
    POSTS = 3
    TEXTS = 4
    CALIBRATION = 5
    FEED = 6
    WEEKLY = 7
    READERS = 8


def stream(seed: int, *key: int) -> np.random.Generator:
    """An independent generator for each key below one seed (numpy's spawned seed sequences, addressed directly)."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def ids_with_gaps(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Ascending ids from 1 up of which some were never given out or are gone. (count,)"""
    return np.cumsum(rng.geometric(_ID_DENSITY, count))


def arrivals(
    rng: np.random.Generator, count: int, late_share: float, settings: WorldSettings
) -> NDArray[np.datetime64]:
    """Ascending moments of arrival: the early ones at the start of the world, the late ones uniform over it.

    At least one is there from the start, or the feed would have nothing to show. (count,) datetime64[us]
    """
    late = min(round(count * late_share), count - 1)
    length = settings.end - settings.start
    offsets = np.zeros(count)
    offsets[count - late :] = np.sort(rng.random(late))
    return settings.start + (offsets * length.astype(np.int64)).astype("timedelta64[us]")
