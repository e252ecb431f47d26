"""What a training found out about its rankers is in the snapshot, and stays with them."""

import duckdb
import polars as pl
from polars.testing import assert_frame_equal

from ranking.evaluation import TABLES
from ranking.promotion import DISTRIBUTION_TABLE, GATE_TABLE
from ranking.recommender import STATE_FILE
from tests.integration.small_network import WATERMARK, Network
from warehouse.frames import read_frames
from warehouse.snapshots import Snapshot, current

JUDGED = {*TABLES.values(), DISTRIBUTION_TABLE, GATE_TABLE}


def judged(snapshot: Snapshot) -> dict[str, pl.DataFrame]:
    with duckdb.connect(str(snapshot.folder / STATE_FILE), read_only=True) as tables:
        return read_frames(tables, JUDGED)


def test_a_training_writes_every_table_and_a_refresh_carries_them_over(network: Network) -> None:
    trained = judged(current(network.settings))
    assert trained.keys() == JUDGED
    assert [name for name, frame in trained.items() if frame.is_empty()] == [GATE_TABLE]  # switched off here
    network.execute(f"INSERT INTO feed_action VALUES (1, 2, 'like', '{WATERMARK}')")
    refreshed = network.refresh()
    assert refreshed.manifest.rows.keys() >= JUDGED
    for name, frame in judged(refreshed).items():
        assert_frame_equal(frame, trained[name])
