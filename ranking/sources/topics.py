"""What does best in the topics that the user likes; for a user nobody has seen, in those that everybody likes."""

import numpy as np
from numpy.typing import NDArray

from ranking.sources.evidence import Evidence


def scores(known: Evidence) -> NDArray[np.float32]:
    """Take the user's like rate in the post's topic, times how the post does within its topic, (n, P)."""
    topic = known.post("topic_like_rate")
    # a network without a like has no rates to compare
    relative = (known.post("post_like_rate") / np.where(topic > 0, topic, 1)).astype(np.float32)
    return known.pair("pair_topic_like_rate") * relative
