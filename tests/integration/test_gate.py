"""The promotion gate over a simulated network: what it lets through, what it refuses, and the way around it."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from core.settings import Settings
from features.daily import rebuild_daily
from features.posts import Posts
from ranking import pipeline
from ranking.gate import Verdict
from ranking.pipeline import Inputs, judge
from ranking.promotion import pass_gate
from ranking.recommender import STATE_FILE
from simulation.settings import WorldSettings
from simulation.world import World, simulate
from warehouse.connection import connect
from warehouse.snapshots import (
    Snapshot,
    current,
    draft,
    history,
    promote,
    publish,
    refused_ids,
    standing,
    store,
    verify,
)

END = datetime(2025, 3, 1)
DAY = timedelta(days=1)
SMALL = {
    "features": {"text_dims": 8, "text_components": 4, "text_clusters": 3},
    "ranking": {"iterations": 30, "depth": 4, "test_days": 7},
}


@dataclass(frozen=True)
class Home:
    """A warehouse of the simulated world, as it was at some moment."""

    world: World
    settings: Settings

    def fill(self, until: datetime, change: str = "") -> None:
        """Copy the world's history before `until` and change the copy."""
        users, posts = self.world.users, self.world.posts  # noqa: F841  DuckDB reads them by name
        events = self.world.events.filter(pl.col("event_time") < until)  # noqa: F841
        with connect(self.settings) as con:
            con.execute(
                f"""
                CREATE OR REPLACE TABLE raw.users AS FROM users;
                DELETE FROM raw.posts; INSERT INTO raw.posts SELECT post_id, text, topic, sha256(text) FROM posts;
                DELETE FROM raw.events;
                INSERT INTO raw.events SELECT user_id, post_id, action::VARCHAR, event_time, NULL FROM events;
                {change}
                """
            )
            rebuild_daily(con)

    def retrain(self) -> tuple[Verdict, Snapshot]:
        """What retrain/nightly does with the warehouse, the transformer's vectors being made up."""
        rival = standing(self.settings)
        with connect(self.settings) as con, draft(self.settings) as folder:
            inputs = self._inputs(con)
            judgement = judge(con, inputs, self.settings, rival)
            manifest = pipeline.retrain(con, inputs, judgement, folder, self.settings)
            verdict, manifest = pass_gate(
                folder, manifest, judgement.comparison, judgement.no_standing, rival, self.settings
            )
            return verdict, (publish if verdict.promoted else store)(self.settings, folder, manifest)

    def refresh(self) -> Snapshot:
        with connect(self.settings) as con, draft(self.settings) as folder:
            manifest = pipeline.refresh(con, self._inputs(con), current(self.settings), folder, self.settings)
            return publish(self.settings, folder, manifest)

    def _inputs(self, con: duckdb.DuckDBPyConnection) -> Inputs:
        posts = Posts.load(con)
        vectors = np.random.default_rng(0).normal(size=(len(posts.ids), 8)).astype(np.float32)
        newest = con.sql("SELECT max(event_time) FROM raw.events").fetchall()[0][0]
        return Inputs(posts, vectors, newest, newest.date() + DAY)


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(WorldSettings(users=800, posts=200, days=30, events=80_000, ends_at=END))


@pytest.fixture(scope="module")
def trained(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Verdict]:
    """A network with a first pair, trained a day before the end."""
    home = Home(world, Settings.model_validate({"home": tmp_path_factory.mktemp("gate"), **SMALL}))
    home.fill(END - DAY)
    verdict, _ = home.retrain()
    return home, verdict


@pytest.fixture
def home(trained: tuple[Home, Verdict], tmp_path: Path) -> Home:
    """A copy of it that a test may change."""
    first, _ = trained
    shutil.copytree(first.settings.home, tmp_path / "home", symlinks=True)
    return Home(first.world, first.settings.model_copy(update={"home": tmp_path / "home"}))


def rows(snapshot: Snapshot, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(snapshot.folder / STATE_FILE), read_only=True) as tables:
        return tables.sql(query).fetchall()


def test_the_first_pair_beats_random_and_is_served(trained: tuple[Home, Verdict]) -> None:
    home, verdict = trained
    assert verdict.promoted
    first = current(home.settings)
    verify(first)
    assert first.manifest.proven
    assert first.manifest.judged_until is not None
    assert first.manifest.judged_until.date() == (END - DAY * 9).date()  # the newest event is of the day before
    names = [str(name) for (name,) in rows(first, 'SELECT "check" FROM gate')]
    assert sum("over random" in name for name in names) == 2
    assert not any("standing" in name or "PSI" in name for name in names)


def test_a_sound_day_later_the_next_pair_replaces_it_and_a_refresh_in_between_hides_nothing(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    first = current(home.settings)
    home.fill(END)
    between = home.refresh()
    assert between.manifest.judged_until == first.manifest.judged_until
    for kept in ("feature_distribution", "gate"):
        assert rows(between, f"FROM {kept}") == rows(first, f"FROM {kept}")
    with caplog.at_level("INFO", "feedrank"):
        verdict, second = home.retrain()
    assert verdict.promoted, verdict.reasons
    assert caplog.text.count("foretell the last 2 days best") == 4  # two arms, to be judged and to be served
    assert current(home.settings) == second
    arms = {arm for (arm,) in rows(second, "SELECT DISTINCT arm FROM evaluation")}
    assert {"standing_control", "standing_test"} < arms
    assert {"PSI of profile_age", "PSI of topic"} < {name for (name,) in rows(second, 'SELECT "check" FROM gate')}


# likes fall on views by chance: nobody has a taste
SHUFFLED = """
    CREATE TEMP TABLE views AS SELECT *, row_number() OVER () AS place FROM raw.events WHERE action = 'view';
    DELETE FROM raw.events WHERE action = 'like';
    INSERT INTO raw.events
        SELECT user_id, post_id, 'like', event_time + INTERVAL 1 MINUTE, NULL FROM views
        WHERE hash(user_id, post_id, place) % 8 = 0;
"""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (SHUFFLED, "of test over random"),
        ("UPDATE raw.users SET age = NULL", "share of nulls in profile_age: 1.0000 is over 0.99"),
        ("UPDATE raw.users SET age = age + 20", "PSI of profile_age"),
        ("ALTER TABLE raw.users DROP age", "profile_age is gone"),
    ],
    ids=["labels shuffled", "a feature gone null", "a feature drifted", "a feature gone"],
)
def test_what_is_refused_is_stored_and_the_standing_pair_goes_on(home: Home, change: str, reason: str) -> None:
    first = current(home.settings)
    home.fill(END, change)
    verdict, refused = home.retrain()
    assert not verdict.promoted
    assert any(reason in told for told in verdict.reasons), verdict.reasons
    assert current(home.settings) == first
    assert refused_ids(home.settings) == {refused.id}
    verify(refused)
    assert refused.manifest.gate is not None
    assert refused.manifest.gate.reasons == verdict.reasons
    told = rows(refused, "SELECT reason FROM gate WHERE NOT passed")
    assert {str(why) for (why,) in told} <= set(verdict.reasons)
    assert home.refresh().manifest.models_from == first.id


def test_what_somebody_promotes_is_served_refreshed_and_the_next_to_be_compared_with(home: Home) -> None:
    home.fill(END, "UPDATE raw.users SET age = NULL")
    _, refused = home.retrain()
    assert promote(home.settings, refused.id, by="Anna") == current(home.settings)
    assert [(switch.snapshot, switch.action, switch.by) for switch in history(home.settings)][-1:] == [
        (refused.id, "promote", "Anna")
    ]
    assert home.refresh().manifest.models_from == refused.id
    verdict, _ = home.retrain()
    assert verdict.promoted, verdict.reasons  # an age that nobody has is what the standing pair was trained with


def test_a_source_put_back_in_time_cannot_be_compared_and_is_refused(home: Home) -> None:
    home.fill(END - DAY * 15)
    verdict, _ = home.retrain()
    assert not verdict.promoted
    assert any("the standing pair knows events up to" in reason for reason in verdict.reasons)


def test_the_gate_can_be_switched_off(home: Home) -> None:
    settings = home.settings.model_copy(update={"gate": home.settings.gate.model_copy(update={"enabled": False})})
    home.fill(END, SHUFFLED)
    verdict, published = Home(home.world, settings).retrain()
    assert verdict.promoted
    assert current(settings) == published
    assert published.manifest.gate is None
