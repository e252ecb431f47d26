"""Where candidates come from: one source a file, each an order of posts for each user who asks.

A source's `bring` looks at what is `Asked` and answers rows of posts (n, per_source), best first, then -1: posts of the
view only, and none that is hidden from the user. `SOURCES` names them, in the order that settles ties.
"""

from collections.abc import Callable, Mapping
from typing import Final

from ranking.shelf import Rows
from ranking.sources import factors, fresh, neighbours, texts, topics, trending
from ranking.sources.asked import Asked

Source = Callable[[Asked], Rows]

SOURCES: Final[Mapping[str, Source]] = {
    "neighbours": neighbours.bring,
    "factors": factors.bring,
    "texts": texts.bring,
    "topics": topics.bring,
    "trending": trending.bring,
    "fresh": fresh.bring,
}
SAME_IN_ALL_ARMS: Final = ("neighbours", "topics", "trending", "fresh")  # they read no text and no factors
