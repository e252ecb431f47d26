"""A source that cannot be trained on is told in clear words, and changes nothing of what is served."""

import pytest

from core.errors import FeedrankError, QualityError, SourceEmpty, SourceMismatch, TrainingError
from tests.integration.small_network import Network, recommended
from warehouse.snapshots import current, verify

BAD_SOURCES = {
    "no user": ('TRUNCATE "user"', SourceEmpty, "table 'user' .* has no usable row; fill it"),
    "no post": ("TRUNCATE post", SourceEmpty, "table 'post' .* has no usable row; fill it"),
    "no event": ("TRUNCATE feed_action", SourceEmpty, "table 'feed_action' .* has no usable row; fill it"),
    "no table": ("ALTER TABLE post RENAME TO posts", SourceMismatch, "'post' is not in schema .* there are: .*posts"),
    "no column": ("ALTER TABLE post DROP text", SourceMismatch, "no such column; it has: id, topic"),
    "no like": (
        "DELETE FROM feed_action WHERE action = 'like'",
        TrainingError,
        "0 of 240 .*check that likes are copied",
    ),
    "only likes": ("DELETE FROM feed_action WHERE action = 'view'", TrainingError, "no views to train on .*copy more"),
    "all liked": (
        "UPDATE feed_action SET action = 'like', time = time + interval '1 s' WHERE action = 'view';"
        "INSERT INTO feed_action SELECT user_id, post_id, 'view', time - interval '1 s' FROM feed_action",
        TrainingError,
        "240 of 240 training views are liked",
    ),
    "strangers": (
        "UPDATE feed_action SET user_id = user_id + 1000 WHERE post_id < 5",
        QualityError,
        r"break a rule, over the limit warehouse\.rejected_limit = 5\.0%; most often unknown_user",
    ),
}


@pytest.mark.parametrize(("change", "error", "told"), BAD_SOURCES.values(), ids=BAD_SOURCES)
def test_a_bad_source_publishes_nothing_and_the_standing_snapshot_keeps_serving(
    network: Network, change: str, error: type[FeedrankError], told: str
) -> None:
    standing = current(network.settings)
    with network.serve(follow=False) as client:
        before = recommended(client, user_id=1)
        network.execute(change)
        with pytest.raises(error, match=told):
            network.retrain(full=True)
        assert recommended(client, user_id=1) == before
        ready = client.get("/health/ready").json()
        assert (ready["snapshot"], ready["refused"]) == (standing.id, None)
    assert {path.name for path in network.settings.snapshots_folder.iterdir()} == {
        standing.id,
        "current",
        "history.jsonl",
    }
    verify(current(network.settings))


def test_the_next_run_after_a_bad_one_publishes(network: Network) -> None:
    network.execute("UPDATE feed_action SET user_id = user_id + 1000 WHERE post_id < 5")
    with pytest.raises(QualityError):
        network.retrain(full=True)
    network.execute("UPDATE feed_action SET user_id = user_id - 1000 WHERE post_id < 5")
    assert network.retrain(full=True).id == current(network.settings).id
