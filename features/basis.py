"""What features are computed from beside the events: the posts, their text spaces, and what was fitted on the past."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.settings import FeatureSettings
from features.factor_model import PostFactors
from features.fitted import Fitted
from features.posts import Posts
from features.text_space import TextSpace


@dataclass(frozen=True)
class Basis:
    """The same for every user and cut. P posts, T topics."""

    posts: Posts
    spaces: Mapping[str, TextSpace]  # by arm
    fitted: Fitted
    settings: FeatureSettings
    half_life: timedelta  # of `post_like_rate_decayed`

    @cached_property
    def fitted_posts(self) -> dict[str, PostFactors]:
        """What each arm's factor model knew of the posts when it was fitted, by arm."""
        return self.fitted.post_factors(self.posts, self.spaces)

    @cached_property
    def topic_codes(self) -> NDArray[np.float32]:
        """(T,) the codebook's codes of the posts' topics."""
        return self.fitted.codebook.topic_codes(self.posts.topics)
