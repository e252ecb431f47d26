"""The network of the course that feedrank comes from: as large, and of the same shape.

163,205 users viewed and liked 7,023 posts in 90 days of autumn 2021, 76,892,800 events in all. Its shape is that of the
feed of 114 of its users: some fifteen visits each, about one a day that a user comes at all, of 29 views one or two
minutes apart; everybody and nearly every post is there from the start; 192 posts were never shown.
"""

from dataclasses import replace

from simulation.settings import WorldSettings

SMALLEST = 0.0001


def course() -> WorldSettings:
    """The settings of such a network, ending today."""
    return WorldSettings(
        users=163_205,
        posts=7_023,
        days=90,
        events=76_892_800,
        like_rate=0.12,
        late_posts=0.0,
        late_users=0.0,
        unseen_posts=192 / 7_023,
        views_a_visit=29.0,
        activity_spread=0.56,
        exact=True,
    )


def scaled(world: WorldSettings, scale: float) -> WorldSettings:
    """The same with that share of its users and of their events.

    Posts stay as many, and the same: a user of a small network has as many to choose from as one of a large one, and
    embeddings of their texts hold for all.
    """
    return replace(world, users=max(1, round(world.users * scale)), events=max(1, round(world.events * scale)))
