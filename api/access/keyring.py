"""The keys of one process, read again when they have changed.

Once there have been some, they are asked for until the process ends: a folder that is gone lets nobody in.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from api.access.keys import Key, read
from api.trouble import Trouble
from core.errors import AccessError
from core.logging import get_logger

log = get_logger(__name__)

LOOK: Final = 1.0  # seconds between two looks at the folder


class Keyring:
    """Keys by id. What cannot be read any more leaves those that were known.

    Raises:
        AccessError: the keys cannot be read at the start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: list[str] | None = None
        self._keys: Mapping[str, Key] = {}
        self._due = 0.0
        self._trouble = Trouble(log)
        try:
            self._look()
        except OSError as error:
            raise AccessError(f"the keys in {folder} cannot be read: {error}") from None

    @property
    def exists(self) -> bool:
        """Whether there have been keys at all; all of them may have been revoked since."""
        return self._names is not None

    def keys(self) -> Mapping[str, Key]:
        """All of them, not older than a second."""
        if (now := time.monotonic()) >= self._due:
            self._due = now + LOOK
            try:
                self._look()
            except (AccessError, OSError) as error:
                self._trouble.begins(error, "the keys that were known go on, %s cannot be read", self._folder)
            else:
                self._trouble.ends("the keys are read again")
        return self._keys

    def _look(self) -> None:
        """Read them if there are others: a file never changes, so names tell."""
        try:
            names = sorted(os.listdir(self._folder))  # noqa: PTH208  every second on the event loop: as cheap as can be
        except FileNotFoundError:
            self._names, self._keys = None if self._names is None else [], {}
            return
        if names != self._names:
            self._keys, self._names = read(self._folder), names
