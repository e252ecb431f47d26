"""Every change is there with its author, in order, and nothing is started twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from core import clock
from core.columns import CONTROL, TEST
from core.errors import ExperimentError, SourceError, SourceUnreachable
from core.settings import Settings
from experiments.kept_plan import keep_plan, known_plan
from experiments.ledger import Action, begin, changes, record, standing
from experiments.plan import Plan
from warehouse.source_tables import CHANGES, migrate


def fresh(settings: Settings, **fields: Any) -> Plan:
    experiment = settings.experiment.model_copy(update=fields)
    return Plan.begin(experiment, clock.now())


def execute(dsn: str, statement: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)


def test_nothing_has_been_started_yet(settings: Settings) -> None:
    assert changes(settings) == []
    assert standing([]) is None


def test_the_whole_life_of_two_experiments(settings: Settings) -> None:
    first = fresh(settings, coverage=0.1, forced={7: TEST})
    steps: list[tuple[Action, Callable[[Plan], Plan], str]] = [
        ("start", lambda plan: plan, "ann"),
        ("coverage", lambda plan: plan.cover(0.5), "bob"),
        ("weights", lambda plan: plan.reweigh({CONTROL: 0.2, TEST: 0.8}), "ann"),
        ("stop", lambda plan: plan.stop(clock.now()), "bob"),
        ("ship", lambda plan: plan.ship(TEST, clock.now()), 'Cé "d" O\'E'),
        ("start", lambda _: fresh(settings, name="another", salt="s-2"), "ann"),
    ]
    plan, expected = first, []
    for action, change, author in steps:
        plan = change(plan)
        record(settings, action, plan, author)
        expected.append((author, action, plan.name, plan))
        assert standing(changes(settings)) == plan
    told = changes(settings)
    assert [(one.author, one.action, one.experiment, one.plan) for one in told] == expected
    assert [one.id for one in told] == sorted(one.id for one in told)
    assert [one.at for one in told] == sorted(one.at for one in told)
    assert told[0].at >= first.started_at


def test_one_experiment_at_a_time(settings: Settings) -> None:
    record(settings, "start", fresh(settings), "ann")
    with pytest.raises(ExperimentError, match=r"'text-embeddings' runs since .* feedrank experiment stop"):
        record(settings, "start", fresh(settings, salt="s-2"), "bob")
    assert len(changes(settings)) == 1


def test_a_salt_is_never_used_twice_not_even_past_our_own_check(settings: Settings, database: str) -> None:
    plan = fresh(settings)
    record(settings, "start", plan, "ann")
    record(settings, "stop", plan.stop(clock.now()), "ann")
    with pytest.raises(ExperimentError, match=r"'text-embeddings-1' was used .* by ann, .*FEEDRANK_EXPERIMENT__SALT"):
        record(settings, "start", fresh(settings, name="another"), "bob")
    columns = "at, author, experiment, action, plan"
    with pytest.raises(psycopg2.errors.UniqueViolation):
        execute(database, f"INSERT INTO {CHANGES} ({columns}) SELECT {columns} FROM {CHANGES} WHERE action = 'start'")


def test_a_change_that_does_not_know_the_one_before_is_refused(settings: Settings) -> None:
    with pytest.raises(ExperimentError, match="changed meanwhile"):
        record(settings, "stop", fresh(settings).stop(clock.now()), "ann")
    plan = fresh(settings, coverage=0.1)
    record(settings, "start", plan, "ann")
    record(settings, "coverage", plan.cover(0.5), "ann")
    with pytest.raises(ExperimentError, match="changed meanwhile"):
        record(settings, "weights", plan.reweigh({CONTROL: 0.2, TEST: 0.8}), "bob")
    assert standing(changes(settings)) == plan.cover(0.5)


def test_many_at_once_begin_one_experiment(settings: Settings) -> None:
    with ThreadPoolExecutor(6) as threads:
        plans = list(threads.map(lambda number: begin(settings, f"worker {number}"), range(6)))
    assert len(changes(settings)) == 1
    assert plans == [standing(changes(settings))] * 6


def test_what_was_stopped_is_not_begun_again(settings: Settings) -> None:
    plan = begin(settings, "first")
    stopped = record(settings, "stop", plan.stop(clock.now()), "ann").plan
    assert begin(settings, "second") == stopped


def test_a_role_with_the_rights_that_migrate_grants_follows_it_and_changes_nothing(
    settings: Settings, database: str
) -> None:
    execute(database, "CREATE ROLE keeping LOGIN PASSWORD 'hunter2'; GRANT USAGE ON SCHEMA public TO keeping")
    role = settings.model_copy(
        update={
            "source": settings.source.model_validate({"dsn": f"postgresql://keeping:hunter2@{database.split('@')[1]}"})
        }
    )
    try:
        with pytest.raises(SourceError, match="feedrank migrate --grant keeping") as refused:
            begin(role, "ann")
        assert "hunter2" not in str(refused.value)
        migrate(settings, grant="keeping")
        with pytest.raises(SourceError, match="feedrank experiment start"):
            begin(role, "ann")
        plan = begin(settings, "bob")
        assert begin(role, "ann") == standing(changes(role)) == plan
        with pytest.raises(SourceError, match="permission denied"):
            record(role, "stop", plan.stop(clock.now()), "ann")
    finally:
        execute(database, "DROP OWNED BY keeping; DROP ROLE keeping")


def test_without_postgres_the_plan_kept_holds_and_the_settings_before_there_is_one(settings: Settings) -> None:
    away = settings.model_copy(
        update={"source": settings.source.model_validate({"dsn": "postgresql://me:hunter2@127.0.0.1:9/none"})}
    )
    with pytest.raises(SourceUnreachable, match="port 9"):
        begin(away, "ann")
    assert known_plan(away).salt == settings.experiment.salt
    kept = fresh(settings, salt="s-9").ship(TEST, clock.now())
    keep_plan(away, kept)
    assert known_plan(away) == kept
    assert [file.name for file in away.home.iterdir()] == ["experiment.json"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"name": "x"}', b"\xff"])
def test_a_damaged_file_is_told_and_not_used(
    settings: Settings, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    settings.home.mkdir()
    settings.experiment_file.write_bytes(content)
    assert known_plan(settings).salt == settings.experiment.salt
    assert "experiment.json cannot be used" in caplog.text
