"""From an answer through PostgreSQL, warehouse and snapshot to the next service: who was shown an arm keeps it."""

from dataclasses import replace

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api import experiment
from core import clock
from core.columns import ARMS, CONTROL, TEST
from experiments.kept_plan import known_plan
from experiments.ledger import record
from experiments.plan import Plan
from feedrank.recommend import recommend
from tests.integration.api.process import eventually
from tests.integration.api.test_experiment import exposures, shown_by
from tests.integration.api.test_exposures import recorded
from tests.integration.small_network import Network

SHOWN, NEW = range(1, 21), range(21, 41)
ALL_TEST = {CONTROL: 0.0, TEST: 1.0}


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "INTERVAL", 0.05)


@pytest.fixture
def before(network: Network) -> dict[int, str]:
    """Arms of those whom the snapshot knows to have been shown one; the weights have changed since."""
    with network.serve() as client:
        arms = shown_by(client, SHOWN)
        eventually(lambda: len(recorded(network.dsn)) == len(SHOWN))
    network.refresh()
    change(network, known_plan(network.settings).reweigh(ALL_TEST))
    assert set(arms.values()) == set(ARMS)
    return arms


def change(network: Network, plan: Plan) -> None:
    record(network.settings, "weights", plan, "ann")


def takes_up(client: TestClient[Litestar]) -> None:
    """Wait until the service has read of the change."""
    eventually(lambda: set(shown_by(client, range(100, 110)).values()) == {TEST})


def test_members_keep_their_arm_others_follow_the_weights_and_a_move_moves_all(
    network: Network, before: dict[int, str]
) -> None:
    with network.serve() as client:
        takes_up(client)
        assert shown_by(client, SHOWN) == before
        assert set(shown_by(client, NEW).values()) == {TEST}
        batch = client.post("/post/recommendations/batch", json={"ids": list(SHOWN)}).json()
        assert {one["id"]: one["exp_group"] for one in batch} == before
        eventually(lambda: len(exposures(network.dsn)) >= 3 * len(SHOWN) + len(NEW))
        told = {(one.user_id, one.arm) for one in exposures(network.dsn).values() if one.user_id in SHOWN}
        assert told == set(before.items())
        assert {one.salt for one in exposures(network.dsn).values()} == {known_plan(network.settings).salt}
        change(network, known_plan(network.settings).reweigh(ALL_TEST, move_at=clock.now()))
        eventually(lambda: set(shown_by(client, SHOWN).values()) == {TEST})
        newest = client.get("/post/recommendations/?id=1").headers["x-request-id"]
        eventually(lambda: newest in exposures(network.dsn))
    network.refresh()
    change(network, known_plan(network.settings).reweigh({CONTROL: 1.0, TEST: 0.0}))
    with network.serve() as client:
        eventually(lambda: set(shown_by(client, range(200, 210)).values()) == {CONTROL})
        assert set(shown_by(client, SHOWN).values()) == {TEST}


def test_a_service_that_hears_of_the_experiment_after_its_start_lets_them_keep_it_too(
    network: Network, before: dict[int, str]
) -> None:
    network.settings.experiment_file.unlink()
    other = network.settings.experiment.model_copy(update={"salt": "of other settings"})
    with replace(network, settings=network.settings.model_copy(update={"experiment": other})).serve() as client:
        takes_up(client)
        assert shown_by(client, SHOWN) == before


def test_the_command_line_tells_the_same_arm(
    network: Network, before: dict[int, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with network.serve() as client:
        takes_up(client)
    monkeypatch.setenv("FEEDRANK_HOME", str(network.settings.home))
    for user in (*(SHOWN[:3]), NEW[0]):
        recommend(user)
        assert f"user {user}, arm {before.get(user, TEST)}," in capsys.readouterr().out


def test_who_was_shown_an_arm_after_the_newest_snapshot_follows_the_weights(network: Network) -> None:
    """They are crossed then, which the report counts: see docs/assignment.md."""
    with network.serve() as client:
        arms = shown_by(client, SHOWN)
        eventually(network.settings.experiment_file.exists)
        change(network, known_plan(network.settings).reweigh(ALL_TEST))
        takes_up(client)
        assert CONTROL in arms.values()
        assert set(shown_by(client, SHOWN).values()) == {TEST}
