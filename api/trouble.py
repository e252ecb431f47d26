"""Something that goes wrong for a while: told when it begins, becomes another error, and ends; not in between."""

import logging


class Trouble:
    """One such thing, told to `log`."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self.going_on: type[Exception] | None = None

    def begins(self, error: Exception, message: str, *values: object) -> None:
        if self.going_on is not type(error):
            self.going_on = type(error)
            self._log.error(f"{message}: %s", *values, error)

    def ends(self, message: str, *values: object) -> None:
        if self.going_on:
            self.going_on = None
            self._log.warning(message, *values)
