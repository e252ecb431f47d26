"""The same warehouse gives the same rankers and the same recommendations, whenever it is trained on."""

import duckdb
import polars as pl
import pytest

from ranking.recommender import STATE_FILE
from tests.integration.small_network import OF_THE_COPIES, Network
from warehouse.snapshots import Snapshot, current

RANKERS = (
    "codebook.json",
    "control.cbm",
    "test.cbm",
    "encoders/control/encoder.safetensors",
    "encoders/control/factors.safetensors",
    "encoders/control/terms.json",
    "encoders/test/encoder.safetensors",
    "encoders/test/factors.safetensors",
    "fitted_before.json",
    "neighbours/encoder.safetensors",
    "profile_prior/encoder.safetensors",
    "profile_prior/topic_0.cbm",
)


@pytest.fixture
def twice(network: Network) -> tuple[Snapshot, Snapshot]:
    return current(network.settings), network.retrain()


def read(snapshot: Snapshot, query: str) -> pl.DataFrame:
    with duckdb.connect(str(snapshot.folder / STATE_FILE), read_only=True) as tables:
        return tables.sql(query).pl()


def test_a_second_training_gives_the_same_files_and_rows(twice: tuple[Snapshot, Snapshot]) -> None:
    first, second = twice
    assert first.id != second.id
    pairs = {*RANKERS, *(f"judged/{name}" for name in RANKERS)}  # the one that serves, and its judged twin
    files = first.manifest.files.keys() - {STATE_FILE}
    assert files >= pairs
    assert files == second.manifest.files.keys() - {STATE_FILE}
    for name in files:
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes(), name
    tables = read(first, "SHOW TABLES")["name"]
    assert "recommendations" in tables
    for table in tables.filter(~tables.is_in(OF_THE_COPIES)):
        assert read(first, f"FROM {table}").equals(read(second, f"FROM {table}")), table


def test_equal_scores_go_by_id(network: Network) -> None:
    # three posts that nobody has seen, which say the same
    network.execute("INSERT INTO post SELECT i, 'sport', 'The same again' FROM unnest(ARRAY[90, 70, 80]) AS i")
    ranked = read(network.refresh(), "FROM recommendations ORDER BY user_id, arm, rank")
    by_score = ranked.sort("user_id", "arm", "score", "post_id", descending=[False, False, True, False])
    assert ranked.equals(by_score)
    tied = ranked.filter(pl.col("post_id") >= 70).group_by("user_id", "arm", "score").agg("post_id")
    assert max(tied["post_id"].list.len()) > 1
