"""How the parts of a heavy step are worked through: here by threads, elsewhere by whatever a flow hands in.

A step that can be divided takes a `Spread` and calls it with a function and the parts. The function is one that can be
named from outside (a module's own) and each part a small description of files, so that another process can do it.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from threadpoolctl import threadpool_limits

Part = TypeVar("Part")
Done = TypeVar("Done")


class Spread(Protocol):
    """Calls the function once for each part, at the same time where it can."""

    def __call__(self, function: Callable[[Part], Done], parts: Sequence[Part], /) -> Iterator[Done]:
        """Give what the function returned, in the order of the parts."""
        ...


@dataclass(frozen=True)
class InThreads:
    """In threads of this process."""

    threads: int

    def __call__(self, function: Callable[[Part], Done], parts: Sequence[Part], /) -> Iterator[Done]:
        """Each thread sums by itself, so that no sum depends on how many there are."""
        with threadpool_limits(limits=1), ThreadPoolExecutor(self.threads) as pool:
            try:
                yield from pool.map(function, parts)
            finally:
                pool.shutdown(cancel_futures=True)
