"""kill -9 of the API under load: what was promised is there, once."""

from tests.faults.service import STAGES, killed_services
from tests.integration.small_network import Network


def test_a_service_killed_in_the_middle_of_anything_has_kept_its_promises(network: Network) -> None:
    outcomes = list(killed_services(network, len(STAGES)))
    assert [outcome for outcome in outcomes if outcome.wrong] == []
    assert all(outcome.struck for outcome in outcomes), "nothing was answered before the kill"
