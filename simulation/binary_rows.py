"""Events as PostgreSQL's binary `COPY` wants them: every row is as long as any other, so a day is one array.

Source: PostgreSQL, "COPY", section "Binary Format": a header, then for each row the number of its fields and each
field's length and bytes, all in network order, then -1. A timestamp is in microseconds since 2000.
"""

from io import BytesIO
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import ACTION, ACTIONS, EVENT_TIME, LIKED, POST_ID, USER_ID

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_EPOCH = 946_684_800_000_000  # in microseconds since 1970
_LENGTH = ">i4"
# actions are as long as each other
_TYPES = {USER_ID: ">i4", POST_ID: ">i4", ACTION: f"S{len(ACTIONS[0])}", EVENT_TIME: ">i8", LIKED: ">i2"}


def event_rows(events: pl.DataFrame) -> BytesIO:
    """One whole binary `COPY` of events, the fields in the order of the frame's columns."""
    fields = [(f"{name} {part}", kind) for name in events.columns for part, kind in _parts(name)]
    rows = np.empty(len(events), np.dtype([("fields", ">i2"), *fields]))
    rows["fields"] = events.width
    for name in events.columns:
        rows[f"{name} length"] = np.dtype(_TYPES[name]).itemsize
        rows[f"{name} value"] = _values(name, events[name])
    return BytesIO(b"".join((_HEADER, rows.tobytes(), _END)))


def _parts(name: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("length", _LENGTH), ("value", _TYPES[name])


def _values(name: str, column: pl.Series) -> NDArray[Any]:
    if name == ACTION:
        names: NDArray[Any] = np.array([action.encode() for action in ACTIONS])
        named: NDArray[Any] = names[column.to_physical().to_numpy()]
        return named
    if name == EVENT_TIME:
        column = column.dt.epoch("us") - _EPOCH
    values: NDArray[Any] = column.to_numpy()
    return values
