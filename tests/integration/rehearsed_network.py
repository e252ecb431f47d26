"""A simulated network that has lived, been trained on, and read the real service's recommendations for some days."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg2

from feedrank.processes import Servers
from feedrank.rehearsal import Readers
from feedrank.rehearse import days_left, run_rehearsal
from feedrank.simulate import fill
from simulation.settings import WorldSettings, today
from tests.integration.small_network import Network, small_settings

# pictures for the README show more days; see tests/browser
DAYS, LIFT = 10 if "FEEDRANK_SCREENSHOTS" in os.environ else 3, 0.6
MIDNIGHT = today().replace(tzinfo=None)
START = MIDNIGHT - timedelta(days=DAYS)


@dataclass(frozen=True)
class Rehearsed:
    """The network after its days; nothing has been published since they began."""

    network: Network
    snapshot: str  # that answered
    events_before: int
    days_left: list[int]  # before each of the two pieces that were played


def lived_until_start(dsn: str, home: Path) -> Network:
    """The network before its days, not trained on."""
    settings = small_settings(dsn, home)
    fill(settings, dsn, WorldSettings(users=300, posts=60, days=14, events=30_000, ends_at=START))
    return Network(dsn, settings)


def rehearsed(dsn: str, home: Path) -> Rehearsed:
    """Train, and play the days in two pieces."""
    network = lived_until_start(dsn, home)
    settings = network.settings
    environment = {"FEEDRANK_HOME": str(home), "FEEDRANK_SOURCE__DSN": dsn}
    published = network.retrain().id
    before = _count_events(dsn)
    left = []
    with Servers(home / "logs") as servers:
        for days in (1, None):
            left.append(days_left(settings))
            run_rehearsal(servers, settings, environment, days, Readers(lift=LIFT))
    return Rehearsed(network, published, before, left)


def _count_events(dsn: str) -> int:
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM feed_action")
            [(events,)] = cursor.fetchall()
            return int(events)
    finally:
        connection.close()
