"""Where ids stand in an ascending array of them."""

import numpy as np
from numpy.typing import NDArray


def place_of(ids: NDArray[np.int64], wanted: int) -> int | None:
    """Find the place of an id in an ascending array; None if it is not there. Any integer may be asked for."""
    if not len(ids) or not ids[0] <= wanted <= ids[-1]:
        return None
    place = int(np.searchsorted(ids, wanted))
    return place if ids[place] == wanted else None


def rows_of_ids(ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each wanted id stands in the ascending `ids`, -1 for one that is not there.

    >>> rows_of_ids(np.array([3, 5, 9]), np.array([9, 4, 3])).tolist()
    [2, -1, 0]
    """
    if len(ids) == 0:
        return np.full(len(wanted), -1, np.int64)
    rows = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[rows] == wanted, rows, -1)
