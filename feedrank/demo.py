"""`feedrank demo`: the whole way from an empty folder to recommendations over HTTP, on a simulated network."""

from datetime import timedelta

from core.settings import Settings, load_settings
from feedrank.home import LOGS_FOLDER, POSTGRES_FOLDER, occupied, refuse_other_source
from feedrank.postgres import demo_environment, of_demo, start_postgres
from feedrank.prefect_server import Prefect
from feedrank.processes import Servers, stop_on_signals
from feedrank.rehearsal import Readers
from feedrank.rehearse import days_left, run_rehearsal
from feedrank.serve import show_addresses, show_answers, start_api, start_worker, stay, train
from feedrank.simulate import Days, Events, Posts, RehearsalDays, Seed, Users, fill, is_filled
from feedrank.terminal import Flag, Json, err, step
from feedrank.world import has_world
from simulation.settings import WorldSettings, today

REHEARSED_SHARE = 0.2  # of the users come to the rehearsal, or it would take too long


def demo(
    *,
    once: Flag = False,
    users: Users = 5_000,
    posts: Posts = 2_000,
    days: Days = 60,
    events: Events = 1_000_000,
    seed: Seed = 0,
    rehearsal_days: RehearsalDays = 7,  # fewer say nothing of an arm
    as_json: Json = False,
) -> None:
    """Simulate a network, train both rankers on it and serve them, all below FEEDRANK_HOME (.feedrank).

    A network that an earlier demo left there is used again, whatever its size.

    Parameters
    ----------
    once
        End after the first answers instead of staying up.
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
        The history ends so many days before the last midnight. They are played at the end, for a first report.
    """
    settings = load_settings()
    world = WorldSettings(users, posts, days, events, seed, ends_at=today() - timedelta(days=rehearsal_days))
    refuse_other_source(settings, simulated=True)
    stop_on_signals()
    with occupied(settings.home), Servers(settings.home / LOGS_FOLDER) as servers:
        prefect = Prefect(servers, settings)  # takes seconds to come up; meanwhile the network is drawn
        with step("PostgreSQL"):
            dsn = start_postgres(servers, settings.home / POSTGRES_FOLDER)
        settings = of_demo(settings, dsn)
        environment = {"FEEDRANK_HOME": str(settings.home.absolute()), **demo_environment(dsn)}
        if is_filled(dsn):
            err.print("using the network that an earlier demo simulated")
        else:
            fill(settings, dsn, world)
        start_worker(prefect, environment)
        train(prefect, servers, settings)
        readers = Readers(share=REHEARSED_SHARE, seed=seed)
        _rehearse(servers, settings, environment, rehearsal_days, readers, as_json)
        api_url = start_api(servers, settings, environment)
        show_answers(settings, api_url, as_json)
        show_addresses(settings, api_url, prefect, as_json)
        if not once:
            stay(servers)


def _rehearse(
    servers: Servers, settings: Settings, environment: dict[str, str], at_most: int, readers: Readers, as_json: bool
) -> None:
    """Play the days that the network has not lived, as far as they go; a home of an older feedrank knows no truth."""
    days = min(days_left(settings), at_most) if has_world(settings) else 0
    if days:
        run_rehearsal(servers, settings, environment, days, readers, as_json)
