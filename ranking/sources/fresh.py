"""The newest posts, which nobody has had time to like yet. One that nobody was shown is the newest of all."""

from ranking.shelf import Rows
from ranking.sources.asked import Asked


def bring(asked: Asked) -> Rows:
    """Posts younger than `ranking.fresh_for`, the newest first."""
    return asked.first(asked.view.fresh)
