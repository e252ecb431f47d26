"""`feedrank simulate`: a made-up network in a PostgreSQL of one's own, to try feedrank on a server."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number
from sqlalchemy import create_engine, inspect, make_url

from core.settings import Settings, load_settings
from feedrank.terminal import Json, out, print_json, step
from feedrank.world import keep_world
from simulation.course import SMALLEST, course, scaled
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
    preset: Literal["small", "course"] = "small",
    scale: Annotated[float, Parameter(validator=Number(gte=SMALLEST, lte=100))] = 1.0,
    users: Users | None = None,
    posts: Posts | None = None,
    days: Days | None = None,
    events: Events | None = None,
    seed: Seed = 0,
    rehearsal_days: RehearsalDays = 0,
    as_json: Json = False,
) -> None:
    """Create and fill the tables of the `feed_action` preset in the database that FEEDRANK_SOURCE__DSN names.

    Parameters
    ----------
    preset
        small: 5,000 users, 2,000 posts, a million events in 60 days. course: 163,205 users, 7,023 posts, 76,892,800
        events in 90 days.
    scale
        So much of the preset's users and events; 0.01 is a hundredth.
    users
        People in the network, other than the preset says.
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
    ends_at = today() - timedelta(days=rehearsal_days)
    whole = course() if preset == "course" else WorldSettings()
    asked: dict[str, Any] = {"users": users, "posts": posts, "days": days, "events": events}
    world = replace(
        scaled(whole, scale), seed=seed, ends_at=ends_at, **{name: n for name, n in asked.items() if n is not None}
    )
    fill(settings, settings.source.required_dsn(), world)
    if as_json:
        print_json(world)
    else:
        out.print(f"the network ends at {world.end:%Y-%m-%d %H:%M} UTC; feedrank up trains on it", highlight=False)


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
