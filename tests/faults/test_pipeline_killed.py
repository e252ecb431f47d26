"""kill -9 at any point of a night: the next one leaves what an undisturbed one leaves."""

from pathlib import Path

from tests.faults.night import STAGES
from tests.faults.pipeline import Scene
from tests.integration.small_network import Network


def test_a_night_killed_in_any_stage_is_made_up_for_by_the_next(network: Network, tmp_path: Path) -> None:
    scene = Scene.of(network, tmp_path)
    outcomes = list(scene.outcomes(scene.points(len(STAGES)), tmp_path))
    assert [outcome.stage for outcome in outcomes] == list(STAGES)
    assert [outcome for outcome in outcomes if outcome.wrong] == []
    assert all(outcome.struck for outcome in outcomes)
