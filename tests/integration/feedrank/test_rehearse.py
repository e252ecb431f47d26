"""A rehearsal through the real service and database finds what was planted, and leaves what any days would leave."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from core.clock import Clock
from core.columns import TEST
from core.errors import ServiceError, SettingsError
from core.settings import Settings
from experiments.report_files import read_report
from experiments.report_schema import MetricReport
from feedrank.processes import Servers
from feedrank.rehearsal import Readers
from feedrank.rehearsal_report import holds
from feedrank.rehearse import days_left, run_rehearsal
from feedrank.world import clock_file, shown_so_far
from tests.integration.rehearsed_network import DAYS, LIFT, MIDNIGHT, START, Rehearsed, lived_until_start
from tests.integration.small_network import Network
from warehouse.snapshots import current

SALT = "text-embeddings-1"


@pytest.fixture
def untrained(database: str, tmp_path: Path) -> Network:
    """A simulated network that has lived until three days ago."""
    return lived_until_start(database, tmp_path)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with Servers(tmp_path / "logs") as servers:
        yield servers


def rows(network: Network, query: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(network.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def like_rate(settings: Settings) -> MetricReport:
    report = read_report(settings, settings.experiment.name)
    return next(metric for metric in report.metrics if metric.name == "like_rate")


def test_a_planted_lift_is_found_and_each_day_is_played_once(
    rehearsed_network: Rehearsed, postgres: str, servers: Servers, tmp_path: Path
) -> None:
    world = rehearsed_network.network.clone(postgres, tmp_path / "home")
    settings, published, before = world.settings, rehearsed_network.snapshot, rehearsed_network.events_before
    assert rehearsed_network.days_left == [DAYS, DAYS - 1]  # two pieces, which are one in the report
    with pytest.raises(SettingsError, match=r"none is left.*--rehearsal-days"):
        run_rehearsal(servers, settings, {}, None, Readers())

    shown = shown_so_far(settings)[SALT]
    found = like_rate(settings)
    assert shown.relative > LIFT / 2
    assert holds(found.fixed.relative, shown.relative)
    assert not holds(found.sequence.relative, 0)
    arm = shown.arms[TEST]
    assert abs(arm.liked - arm.expected) < 4 * arm.expected**0.5
    # none was lost, none counted twice; the newest answers wait for likes that may still come
    assert found.test == pytest.approx(arm.liked / arm.shown, rel=0.03)

    days = "SELECT count(*), count(as_of), min(shown_at), max(shown_at) FROM recommendation_exposure"
    ((answers, as_of, first, last),) = rows(world, days)
    assert (answers, as_of) == (shown.answers, 0)
    assert START <= first < START + timedelta(hours=6)
    assert MIDNIGHT - timedelta(hours=6) < last <= MIDNIGHT - timedelta(hours=1)
    events = "SELECT action, count(*), max(time) FROM feed_action WHERE time >= %s GROUP BY 1 ORDER BY 1"
    (_, likes, _), (_, views, newest) = rows(world, events, START)
    assert likes == sum(arm.liked for arm in shown.arms.values())
    assert views == sum(arm.shown for arm in shown.arms.values())
    assert newest < MIDNIGHT
    twice = "SELECT user_id, post_id FROM feed_action WHERE action = 'like' GROUP BY 1, 2 HAVING count(*) > 1"
    assert rows(world, twice) == []
    assert rows(world, "SELECT count(*) FROM feed_action")[0][0] == before + views + likes

    # nothing was published meanwhile; what comes next takes the days up as any others
    assert current(settings).id == published
    assert world.refresh().manifest.watermark.replace(tzinfo=None) > MIDNIGHT - timedelta(hours=6)


def test_what_has_not_been_trained_is_not_rehearsed(untrained: Network, servers: Servers) -> None:
    with pytest.raises(ServiceError, match="nothing has been trained"):
        run_rehearsal(servers, untrained.settings, {}, None, Readers())


def test_a_network_that_is_not_simulated_has_no_truth(network: Network, servers: Servers) -> None:
    with pytest.raises(ServiceError, match="feedrank simulate"):
        run_rehearsal(servers, network.settings, {}, None, Readers())


def test_a_day_that_was_broken_off_is_left(untrained: Network) -> None:
    with Clock(clock_file(untrained.settings), datetime.min) as clock:
        assert clock.moment == START
        clock.set(START + timedelta(hours=5))
    assert days_left(untrained.settings) == DAYS - 1
