"""What became of a process that was killed, and of its work."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """`wrong` is empty if all is as it should be."""

    stage: str
    struck: bool  # False: it was over before
    wrong: tuple[str, ...]
