"""What time it is: the machine's clock, or one that a rehearsal moves.

A rehearsal plays days in seconds. The service under rehearsal finds in `FEEDRANK_CLOCK` the name of a file whose 8
bytes say the moment: microseconds since 1970 in UTC, in the machine's order of bytes, which is little-endian nearly
everywhere. The file is mapped once, so that a look costs what a look into memory costs, and every process sees the same
moment.
"""

import mmap
import os
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, Self

from core.errors import SettingsError
from core.files import replace_file

VARIABLE: Final = "FEEDRANK_CLOCK"
EPOCH: Final = datetime(1970, 1, 1)
BYTES: Final = 8
MICROSECOND: Final = timedelta(microseconds=1)


def now() -> datetime:
    """The moment, in UTC without a zone, as everywhere behind the API.

    Raises:
        SettingsError: FEEDRANK_CLOCK names no such file.
    """
    face = _face()
    if face is None:
        return datetime.now(UTC).replace(tzinfo=None)
    return EPOCH + timedelta(microseconds=face[0])


def in_utc(moment: datetime) -> datetime:
    """A moment without its zone, in UTC; one without a zone is in UTC already.

    Raises:
        OverflowError: its zone leads out of the years 1 to 9999.
    """
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


class Clock:
    """A clock file that this process moves, made if it is missing. Use it as a context."""

    def __init__(self, file: Path, moment: datetime) -> None:
        if not file.exists():
            replace_file(file, _microseconds(moment).to_bytes(BYTES, sys.byteorder, signed=True))
        self._face = _map(file, writable=True)

    @property
    def moment(self) -> datetime:
        return EPOCH + timedelta(microseconds=self._face[0])

    def set(self, moment: datetime) -> None:
        """Move it to `moment`, UTC without a zone; those who look see either moment and nothing between."""
        self._face[0] = _microseconds(moment)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._face.release()


@cache
def _face() -> memoryview | None:
    name = os.environ.get(VARIABLE)
    return _map(Path(name), writable=False) if name else None


def _map(file: Path, *, writable: bool) -> memoryview:
    """The 8 bytes as one number. As such they are read and written in one go; `struct` would take them one by one."""
    try:
        with file.open("r+b" if writable else "rb") as opened:
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
            face = memoryview(mmap.mmap(opened.fileno(), BYTES, access=access))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{file} is no clock: {error}; {VARIABLE} must name a file of {BYTES} bytes that a rehearsal has made, or "
            "be unset"
        ) from None
    return face.cast("q")


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND
