"""A warehouse in a DuckLake: its catalogue in PostgreSQL, its files on S3."""

import duckdb
import polars as pl
from polars.testing import assert_frame_equal

from ranking.recommender import STATE_FILE
from tests.integration.small_network import Network
from warehouse.connection import connect
from warehouse.snapshots import Snapshot

WAREHOUSE = (
    "raw.users", "raw.posts", "raw.events", "raw.known_events", "features.user_day", "features.user_topic_day",
    "features.post_day", "features.text_embeddings", "meta.watermarks",
)  # fmt: skip


def tables(snapshot: Snapshot) -> dict[str, pl.DataFrame]:
    with duckdb.connect(str(snapshot.folder / STATE_FILE), read_only=True) as connection:
        names = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
        return {name: connection.table(name).pl() for name in names}


def test_a_training_on_a_lake_gives_what_it_gives_on_a_file(trained_network: Network, lake: Network) -> None:
    from warehouse.snapshots import current

    here, there = current(trained_network.settings), lake.retrain()
    for name in WAREHOUSE:
        frames = []
        for network in (trained_network, lake):
            with connect(network.settings, read_only=True) as warehouse:
                frames.append(warehouse.execute(f"FROM {name} ORDER BY ALL").pl())
        local, shared = (frame.with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String)) for frame in frames)
        assert_frame_equal(local.sort(pl.all()), shared.sort(pl.all()), check_exact=True)
    ours, theirs = tables(here), tables(there)
    assert ours.keys() == theirs.keys()
    for name, table in ours.items():
        assert_frame_equal(table, theirs[name], check_exact=True)
    differing = {
        name for name, entry in here.manifest.files.items()
        if name != STATE_FILE and there.manifest.files[name] != entry
    }  # fmt: skip
    assert not differing, "rankers, encoders and arrays are the same to the last bit"
