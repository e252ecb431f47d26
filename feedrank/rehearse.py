"""`feedrank experiment rehearse`: simulated users read what the real API recommends; the report has to find the truth.

The days between the end of the network's history and the last midnight are played in accelerated time, through an API
of our own with a clock of ours, and its real database. Nothing is published meanwhile and nothing lies in the future,
so a refresh afterwards takes the days up as it takes up any.
"""

import os
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from sqlalchemy import text

from core import clock as clocks
from core.clock import Clock
from core.errors import ServiceError, SettingsError
from core.settings import Settings, load_settings
from experiments import ledger
from experiments.kept_plan import keep_plan
from experiments.plan import Plan
from feedrank.feed_client import Feed
from feedrank.home import LOGS_FOLDER, POSTGRES_FOLDER, occupied
from feedrank.http import api_address, get_json
from feedrank.postgres import demo_environment, of_demo, start_postgres
from feedrank.processes import HOST, POLL, Server, Servers, free_port, stop_on_signals
from feedrank.rehearsal import Readers, ShownTruth, play
from feedrank.serve import API_LIMIT, has_snapshot
from feedrank.terminal import Json, step, user_name
from feedrank.world import clock_file, keep_shown, known_likes, load_truth, shown_so_far
from simulation.settings import today
from warehouse.lock import warehouse_lock
from warehouse.source_tables import EXPOSURES, migrate, qualified, transaction, writing_engine

RehearsedDays = Annotated[int | None, Parameter(validator=Number(gte=1, lte=365))]
Share = Annotated[float, Parameter(validator=Number(gt=0, lte=1))]
Seed = Annotated[int, Parameter(validator=Number(gte=0))]
Lift = Annotated[float, Parameter(validator=Number(gte=-0.5, lte=1))]

DAY = timedelta(days=1)
ARRIVAL_LIMIT = 60.0  # seconds until the last exposure must be in the database
QUERY_LIMIT = 60.0  # seconds that a question to it may take
# each process knows at once what it has written, and need not look for what nobody else writes
MOST_SERVICES = 4
SERVICE = {
    "FEEDRANK_API__HOST": HOST,
    "FEEDRANK_API__ASK_KEYS": "false",
    "FEEDRANK_API__RATE_LIMIT": "1000000",
    "FEEDRANK_API__WORKERS": "1",
    "FEEDRANK_API__EXPOSURES": "true",
    "FEEDRANK_API__FOLLOW": "true",
    "FEEDRANK_API__FOLLOW_INTERVAL": "PT10S",
    "FEEDRANK_API__FOLLOW_POSTS_INTERVAL": "PT1H",
    "FEEDRANK_API__FOLLOW_EVENTS": "1000000000",
}


def rehearse(
    *, days: RehearsedDays = None, users: Share = 1.0, seed: Seed = 0, lift: Lift = 0.0, as_json: Json = False
) -> None:
    """Let the simulated users read the recommendations, then see whether the report finds the truth.

    Plays the days from the end of the network's history to the last midnight; each day can be played once.

    Parameters
    ----------
    days
        How many of them; all that are left by default.
    users
        Share of the users who come at all.
    seed
        Another seed is another course of events.
    lift
        Raises the probability that a post shown by `test` is liked, relative: 0.1 is a tenth more.
    """
    settings = load_settings()
    stop_on_signals()
    with occupied(settings.home), Servers(settings.home / LOGS_FOLDER) as servers:
        environment = {"FEEDRANK_HOME": str(settings.home.absolute())}
        folder = settings.home / POSTGRES_FOLDER
        if folder.exists():
            with step("PostgreSQL"):
                dsn = start_postgres(servers, folder)
            settings, environment = of_demo(settings, dsn), environment | demo_environment(dsn)
        readers = Readers(share=users, seed=seed, lift=lift)
        run_rehearsal(servers, settings, environment, days, readers, as_json)


def days_left(settings: Settings) -> int:
    """Whole days between what the network has lived and the last midnight."""
    return max((_last_midnight() - _lived_until(settings)) // DAY, 0)


def run_rehearsal(
    servers: Servers,
    settings: Settings,
    environment: Mapping[str, str],
    days: int | None,
    readers: Readers,
    as_json: bool = False,
) -> None:
    """Play `days` (None: all that are left), write the report, and print both beside each other.

    `environment` is what the API gets to know home and source by, as `settings` do.

    Raises:
        SettingsError: so many days are not left.
        ServiceError: the network is not a simulated one, nothing has been trained, or the API fails.
        WarehouseBusy: a flow run did not let the warehouse go.
    """
    from feedrank.rehearsal_report import show_findings, write_findings  # takes long, and there may be nothing to do

    migrate(settings)
    truth = load_truth(settings)
    if not has_snapshot(settings):
        raise ServiceError(f"nothing has been trained in {settings.home.absolute()}; run feedrank demo first")
    plan = _running_plan(settings)
    start, end = _days_to_play(settings, days, plan)
    shown = shown_so_far(settings)
    now = shown.setdefault(plan.salt, ShownTruth())
    # a copy in the middle would be of half an hour of our time, and a snapshot of it would change the answers
    with warehouse_lock(settings, "rehearsal"), Clock(clock_file(settings), start) as clock:
        clock.set(start)
        with step(f"rehearsing {start:%d %B} to {end - DAY:%d %B}") as status:
            before = _exposures(settings, start, end)
            answers = now.answers
            services = _start_services(servers, settings, environment)
            try:
                with Feed(list(services)) as feed:
                    likes = known_likes(settings, truth)
                    play(feed, clock, truth, likes, end, readers, now, lambda hour: status.update(f"it is {hour:%c}"))
            finally:
                keep_shown(settings, shown)
            _await_exposures(settings, start, end, before + now.answers - answers)
            for server in services.values():
                servers.stop(server)
        with step("report"):
            report = write_findings(settings)
    show_findings(settings, report, now, as_json)


def _start_services(servers: Servers, settings: Settings, environment: Mapping[str, str]) -> dict[str, Server]:
    """The API under rehearsal: a process a core, each on a port of its own. By their addresses, and they answer."""
    variables = {**environment, **SERVICE, clocks.VARIABLE: str(clock_file(settings).absolute())}
    started: dict[str, Server] = {}
    port, api = settings.api.port, settings.api.model_copy(update={"host": HOST})
    for number in range(1, min(os.cpu_count() or 1, MOST_SERVICES) + 1):
        port = free_port(port)
        own = {**variables, "FEEDRANK_API__PORT": str(port)}
        started[api_address(api, port)] = servers.start(
            f"rehearsal-{number}", [sys.executable, "-m", "api"], environment=own
        )
        port += 1
    deadline = time.monotonic() + API_LIMIT
    for url, server in started.items():
        server.wait_for(f"{url}/health/ready", API_LIMIT)
        # what happened since the snapshot, in an earlier rehearsal, must be known before anybody asks
        while get_json(f"{url}/health/ready")["source"] != "following":
            server.check()
            if time.monotonic() > deadline:
                raise ServiceError(f"{server.name} does not follow the database; its log is {server.log_file}")
            time.sleep(POLL)
    return started


def _running_plan(settings: Settings) -> Plan:
    """The experiment to rehearse; that of the settings is started, where none ever was, at the first day to play."""
    plan = ledger.standing(ledger.changes(settings))
    if plan is None:
        begun = Plan.begin(settings.experiment, _lived_until(settings))
        plan = ledger.record(settings, "start", begun, user_name()).plan
        keep_plan(settings, plan)
    if not plan.runs:
        raise ServiceError(
            f"experiment {plan.name!r} has ended, so nothing would be counted; start one with a salt of its own: "
            "FEEDRANK_EXPERIMENT__SALT=another feedrank experiment start"
        )
    return plan


def _days_to_play(settings: Settings, days: int | None, plan: Plan) -> tuple[datetime, datetime]:
    start = max(_lived_until(settings), _midnight_from(plan.started_at))  # no day before the experiment counts
    left = max((_last_midnight() - start) // DAY, 0)
    if left < (days or 1):
        told = f"{left} are left" if left else "none is left"
        raise SettingsError(
            f"days = {days or 1} cannot be rehearsed, {told}: the first would be {start:%Y-%m-%d}, and the "
            f"last midnight was {_last_midnight():%Y-%m-%d}, UTC. Each midnight brings one more; a new home has "
            "some: FEEDRANK_HOME=another-folder feedrank demo --rehearsal-days 7"
        )
    return start, start + DAY * (days or left)


def _lived_until(settings: Settings) -> datetime:
    """The clock's midnight; the next one, where a rehearsal was ended in the middle of a day."""
    with Clock(clock_file(settings), _last_midnight()) as clock:
        return _midnight_from(clock.moment)


def _midnight_from(moment: datetime) -> datetime:
    """The first one that is not before `moment`."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == moment else midnight + DAY


def _last_midnight() -> datetime:
    return today().replace(tzinfo=None)


def _exposures(settings: Settings, start: datetime, end: datetime) -> int:
    """How many of the time there are in the database."""
    query = text(f"SELECT count(*) FROM {qualified(settings, EXPOSURES)} WHERE shown_at >= :start AND shown_at < :end")
    engine = writing_engine(settings, QUERY_LIMIT, connections=1)
    try:
        with transaction(settings, engine) as connection:
            return int(connection.execute(query, {"start": start, "end": end}).scalar_one())
    finally:
        engine.dispose()


def _await_exposures(settings: Settings, start: datetime, end: datetime, expected: int) -> None:
    deadline = time.monotonic() + ARRIVAL_LIMIT
    while (arrived := _exposures(settings, start, end)) < expected:
        if time.monotonic() > deadline:
            raise ServiceError(
                f"{arrived:,} of {expected:,} answers are recorded in the database after {ARRIVAL_LIMIT:.0f} s; the "
                f"API's logs are {settings.home / LOGS_FOLDER}/rehearsal-*.log"
            )
        time.sleep(POLL)
