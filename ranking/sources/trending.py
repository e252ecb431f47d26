"""What everybody likes at present."""

from ranking.shelf import Rows
from ranking.sources.asked import Asked


def bring(asked: Asked) -> Rows:
    """Posts by like rate, older views counting less; the half-life is `ranking.popularity_half_life`."""
    return asked.first(asked.view.trending)
