"""The network that processes are killed over."""

from pathlib import Path

from tests.integration.small_network import Network
from warehouse.source_tables import migrate


def two_snapshots(postgres: str, home: Path) -> Network:
    """The small network in a new database, with two snapshots and the API's tables."""
    network = Network.create(postgres, home)
    network.retrain()
    network.refresh()  # so that there is one to roll back to
    migrate(network.settings)
    return network
