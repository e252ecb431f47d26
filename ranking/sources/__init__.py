"""Where candidates come from: one source a file, each a score of every post that it would bring.

A source's `scores` looks at the `Evidence` of some users and answers (n, P), or (1, P) where it knows no user. The
higher the better; -inf is a post that it would never bring. `SOURCES` names them, in the order that settles ties.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ranking.sources import factors, fresh, neighbours, texts, topics, trending
from ranking.sources.evidence import Evidence

Source = Callable[[Evidence], NDArray[np.floating]]

SOURCES: Final[Mapping[str, Source]] = {
    "neighbours": neighbours.scores,
    "factors": factors.scores,
    "texts": texts.scores,
    "topics": topics.scores,
    "trending": trending.scores,
    "fresh": fresh.scores,
}
