"""`feedrank demo`: the whole way from an empty folder to recommendations over HTTP, on a simulated network."""

from core.settings import load_settings
from feedrank.home import LOGS_FOLDER, POSTGRES_FOLDER, occupied, refuse_other_source
from feedrank.postgres import start_postgres
from feedrank.prefect_server import Prefect
from feedrank.processes import Servers, stop_on_signals
from feedrank.serve import show_addresses, show_answers, start_api, start_worker, stay, train
from feedrank.simulate import Days, Events, Posts, Seed, Users, fill, is_filled
from feedrank.terminal import out, step
from simulation.settings import WorldSettings


def demo(
    *,
    once: bool = False,
    users: Users = 5_000,
    posts: Posts = 2_000,
    days: Days = 60,
    events: Events = 1_000_000,
    seed: Seed = 0,
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
        Length of its history, up to the last midnight.
    events
        Views and likes together, about.
    seed
        Another seed is another network.
    """
    settings = load_settings()
    world = WorldSettings(users, posts, days, events, seed)
    refuse_other_source(settings, simulated=True)
    stop_on_signals()
    with occupied(settings.home), Servers(settings.home / LOGS_FOLDER) as servers:
        prefect = Prefect(servers, settings)  # takes seconds to come up; meanwhile the network is drawn
        with step("PostgreSQL"):
            dsn = start_postgres(servers, settings.home / POSTGRES_FOLDER)
        environment = {
            "FEEDRANK_HOME": str(settings.home.absolute()),
            "FEEDRANK_SOURCE__DSN": dsn,
            "FEEDRANK_SOURCE__DB_SCHEMA": "public",
            "FEEDRANK_SOURCE__PRESET": "feed_action",
        }
        if is_filled(dsn):
            out.print("using the network that an earlier demo simulated")
        else:
            fill(settings, dsn, world)
        start_worker(prefect, environment)
        train(prefect, servers, settings)
        api_url = start_api(servers, settings, environment)
        show_answers(settings, api_url)
        show_addresses(settings, api_url, prefect)
        if not once:
            stay(servers)
