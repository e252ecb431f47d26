"""`feedrank simulate`: a made-up network in a PostgreSQL of one's own, to try feedrank on a server."""

from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from sqlalchemy import create_engine, inspect, make_url

from core.settings import Settings, load_settings
from feedrank.terminal import step
from feedrank.world import keep_world
from simulation.postgres import write_world
from simulation.settings import WorldSettings, today
from simulation.world import simulate as draw_world

Users = Annotated[int, Parameter(validator=Number(gte=1, lte=10_000_000))]
Posts = Annotated[int, Parameter(validator=Number(gte=1, lte=100_000))]
Days = Annotated[int, Parameter(validator=Number(gte=1, lte=3_650))]
Events = Annotated[int, Parameter(validator=Number(gte=1, lte=1_000_000_000))]
Seed = Annotated[int, Parameter(validator=Number(gte=0))]
RehearsalDays = Annotated[int, Parameter(validator=Number(gte=0, lte=365))]


def simulate(
    *,
    users: Users = 5_000,
    posts: Posts = 2_000,
    days: Days = 60,
    events: Events = 1_000_000,
    seed: Seed = 0,
    rehearsal_days: RehearsalDays = 0,
) -> None:
    """Create and fill the tables of the `feed_action` preset in the database that FEEDRANK_SOURCE__DSN names.

    Parameters
    ----------
    users
        People in the network.
    posts
        Posts, each with a text and a topic.
    days
        Length of its history.
    events
        Views and likes together, about.
    seed
        Another seed is another network.
    rehearsal_days
        The history ends so many days before the last midnight; `feedrank experiment rehearse` plays them.
    """
    settings = load_settings()
    world = WorldSettings(users, posts, days, events, seed, ends_at=today() - timedelta(days=rehearsal_days))
    fill(settings, settings.source.required_dsn(), world)


def fill(settings: Settings, dsn: str, world: WorldSettings) -> None:
    """Draw a network, keep its truth in the home folder, and write it into an empty database."""
    with step(f"simulating {world.users:,} users, {world.posts:,} posts, about {world.events:,} events"):
        drawn = draw_world(world)
        keep_world(settings, drawn)
        write_world(drawn, dsn)


def is_filled(dsn: str) -> bool:
    """Whether the database has the tables of a network already; they are written in one transaction."""
    engine = create_engine(make_url(dsn).set(drivername="postgresql+psycopg2"))
    try:
        return inspect(engine).has_table("feed_action")
    finally:
        engine.dispose()
