"""The service follows the ledger of experiments, with PostgreSQL and without; and lists filled by turns."""

from collections import Counter
from contextlib import closing
from datetime import datetime
from typing import Any

import psycopg2
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api import experiment
from api.app import create_app
from core import clock
from core.columns import ARMS, CONTROL, INTERLEAVED, TEST
from core.settings import Settings
from experiments.assignment import assign
from experiments.exposures import Exposure, from_line
from experiments.kept_plan import keep_plan, known_plan
from experiments.ledger import changes, record, standing
from experiments.plan import Plan
from ranking.interleaving import coins, team_draft
from ranking.recommender import Recommender
from tests.integration.api.process import eventually
from tests.integration.api.test_exposures import NOBODY_LISTENS, with_source
from warehouse.snapshots import current

Client = TestClient[Litestar]
USERS = range(1, 31)


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "INTERVAL", 0.05)


def with_experiment(settings: Settings, **fields: Any) -> Settings:
    return settings.model_copy(update={"experiment": settings.experiment.model_copy(update=fields)})


def shown_by(client: Client, users: range = USERS) -> dict[int, str]:
    """The arm that each user is told to be in."""
    return {user: client.get(f"/post/recommendations/?id={user}").json()["exp_group"] for user in users}


def exposures(dsn: str) -> dict[str, Exposure]:
    """What the database holds, by request id."""
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_json(t)::text FROM recommendation_exposure AS t")
        lines = [from_line(row.encode()) for (row,) in cursor.fetchall()]
    return {one.request_id: one for one in lines}


def by_hash(plan: Plan) -> dict[int, str]:
    return {user: assign(plan, user).arm for user in USERS}


def test_the_first_service_starts_the_experiment_of_the_settings_and_no_later_one_does(
    home: Settings, database: str
) -> None:
    ours = with_experiment(with_source(home, database), name="first", coverage=0.5)
    for settings in (ours, with_experiment(ours, name="second", salt="s-2")):
        home.experiment_file.unlink(missing_ok=True)  # it is there again when the ledger has been read
        with TestClient(create_app(settings)):
            eventually(home.experiment_file.exists)
        assert known_plan(home).name == "first"
    [change] = changes(ours)
    assert (change.action, change.author, change.experiment) == ("start", experiment.AUTHOR, "first")
    assert change.plan.coverage == 0.5


@pytest.mark.parametrize("follow", [True, False])
def test_a_change_is_taken_up_logged_and_decides_what_is_recorded(
    home: Settings, database: str, follow: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "feedrank.api.experiment")
    settings = with_source(home, database, follow=follow)
    with TestClient(create_app(settings)) as client:
        eventually(lambda: len(changes(settings)) == 1)
        plan = standing(changes(settings))
        assert plan is not None
        assert shown_by(client) == by_hash(plan)
        assert set(by_hash(plan).values()) == set(ARMS)
        record(settings, "ship", plan.ship(TEST, clock.now()), "ann")
        eventually(lambda: set(shown_by(client).values()) == {TEST})
        last = client.get("/post/recommendations/?id=1").headers["x-request-id"]
        eventually(lambda: last in exposures(database))
    shown = list(exposures(database).values())
    assert {(one.experiment, one.salt) for one in shown} == {(plan.name, plan.salt), (None, None)}
    assert exposures(database)[last].salt is None
    assert exposures(database)[last].arm == TEST
    assert all(0 < one.latency < 30 and one.teams == [] for one in shown)
    assert "has ended, everybody gets test" in caplog.text


def test_testers_and_those_left_out_are_shown_something_and_not_counted(home: Settings, database: str) -> None:
    plan = Plan.begin(with_experiment(home, coverage=0.4, forced={1: TEST, 2: CONTROL}).experiment, clock.now())
    settings = with_source(home, database)
    record(settings, "start", plan, "ann")
    keep_plan(settings, plan)
    with TestClient(create_app(settings)) as client:
        assert shown_by(client) == by_hash(plan)
        client.post("/post/recommendations/batch", json={"ids": list(USERS)})
        eventually(lambda: len(exposures(database)) == 2 * len(USERS))
    for one in exposures(database).values():
        assert (one.arm, one.salt is not None) == assign(plan, one.user_id)
    assert {one.salt for one in exposures(database).values()} == {None, plan.salt}


def test_while_postgres_is_away_what_was_known_last_holds(home: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings = with_source(home, NOBODY_LISTENS)
    with TestClient(create_app(settings)) as client:
        assert shown_by(client) == by_hash(known_plan(settings))
        keep_plan(settings, known_plan(settings).ship(TEST, clock.now()))
    with TestClient(create_app(settings)) as client:
        assert set(shown_by(client).values()) == {TEST}
        eventually(lambda: "goes on as it was last known" in caplog.text)
    assert "hunter2" not in caplog.text
    assert sum("goes on as it was last known" in line for line in caplog.text.splitlines()) <= 2  # once a service


def test_a_plan_that_this_version_does_not_know_is_told_and_answers_go_on(
    home: Settings, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = with_source(home, database)
    with TestClient(create_app(settings)) as client:
        eventually(lambda: len(changes(settings)) == 1)
        with closing(psycopg2.connect(database)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("""UPDATE experiment_change SET plan = plan || '{"design": "of tomorrow"}'""")
        eventually(lambda: "goes on as it was last known" in caplog.text)
        assert shown_by(client) == by_hash(known_plan(settings))


@pytest.fixture
def interleaved(home: Settings, database: str) -> Settings:
    settings = with_source(home, database)
    plan = Plan.begin(with_experiment(home, design=INTERLEAVED, coverage=0.7).experiment, clock.now())
    record(settings, "start", plan, "ann")
    keep_plan(settings, plan)
    return settings


def test_interleaved_lists_come_from_both_arms_and_say_who_brought_what(interleaved: Settings, database: str) -> None:
    plan, when = known_plan(interleaved), datetime(2021, 12, 20, 18)
    recommender = Recommender.open(current(interleaved).folder, ranking=interleaved.ranking)
    asked = {"time": when.isoformat(), "limit": 7}
    with TestClient(create_app(interleaved)) as client:
        shown, arms = {}, {}
        for user in USERS:
            answer = client.get("/post/recommendations/", params={"id": user, **asked})
            shown[answer.headers["x-request-id"]] = answer.json()["recommendations"]
            arms[user] = answer.json()["exp_group"]
        for one in client.post("/post/recommendations/batch", json={"ids": list(USERS), **asked}).json():
            shown[one["request_id"]] = one["recommendations"]
            assert arms[one["id"]] == one["exp_group"]
        eventually(lambda: len(exposures(database)) == len(shown))
    assert arms == by_hash(plan)
    teams: Counter[str] = Counter()
    for request_id, one in exposures(database).items():
        assert one.post_ids == [post["id"] for post in shown[request_id]]
        arm, counted = assign(plan, one.user_id)
        alone = {of: recommender.recommend(of, one.user_id, when, 7).post_ids.tolist() for of in ARMS}
        if counted:  # anybody who has the request's id finds the same list again
            draft = team_draft(alone[CONTROL], alone[TEST], 7, coins(request_id))
            assert (one.arm, one.salt, one.teams) == (INTERLEAVED, plan.salt, draft.teams(ARMS))
            assert one.post_ids == [alone[ARMS[team]][place] for team, place in draft.picks]
        else:
            assert (one.arm, one.salt, one.teams, one.post_ids) == (arm, None, [], alone[arm])
        teams.update(one.teams)
    assert set(teams) == set(ARMS)
    assert {one.arm for one in exposures(database).values()} == {INTERLEAVED, CONTROL}


def test_posts_of_an_interleaved_list_are_explained_by_the_arm_that_brought_them(interleaved: Settings) -> None:
    when = datetime(2021, 12, 20, 18)
    recommender = Recommender.open(current(interleaved).folder, ranking=interleaved.ranking)
    user = next(user for user in USERS if assign(known_plan(interleaved), user).counted)
    both = {of: recommender.recommend(of, user, when, 7) for of in ARMS}
    with TestClient(create_app(interleaved)) as client:
        asked = {"id": user, "time": when.isoformat(), "limit": 7, "explain": "true"}
        answer = client.get("/post/recommendations/", params=asked)
        assert 'arm="interleaved"' in client.get("/metrics").text
    alone = [both[arm].post_ids.tolist() for arm in ARMS]
    draft = team_draft(*alone, 7, coins(answer.headers["x-request-id"]))
    for (team, place), post in zip(draft.picks, answer.json()["recommendations"], strict=True):
        chosen = both[ARMS[team]]
        assert post["id"] == chosen.post_ids[place]
        assert post["explanation"]["score"] == pytest.approx(float(chosen.scores[place]))
        assert post["explanation"]["source"] == chosen.sources[place]
