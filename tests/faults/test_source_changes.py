"""The network's tables change overnight: what can be carried is published, what cannot stops and is named."""

import pytest

from core.errors import FeedrankError
from tests.integration.small_network import Network, recommended
from warehouse.snapshots import current, verify

NEWS = "INSERT INTO feed_action VALUES (1, 2, 'view', '2025-01-13 13:00'), (2, 3, 'view', '2025-01-13 14:00');"
CARRIED = {
    "a column is added": "ALTER TABLE \"user\" ADD COLUMN os text DEFAULT 'iOS'",
    "a profile column is dropped": 'ALTER TABLE "user" DROP COLUMN country',
    "a profile column holds words instead of numbers": "ALTER TABLE \"user\" ALTER COLUMN age TYPE text USING 'old'",
    "an id gets wider": "ALTER TABLE feed_action ALTER COLUMN user_id TYPE bigint",
    "a topic that was never seen": "INSERT INTO post VALUES (21, 'opera', 'About arias, part 21')",
    "a topic is renamed": "UPDATE post SET topic = 'football' WHERE topic = 'sport'",
    "users are twice as many": 'INSERT INTO "user" SELECT id + 100, age, country FROM "user"',
    "likes without views": "INSERT INTO feed_action VALUES (3, 4, 'like', '2025-01-13 13:00')",
    "a day is missing": "DELETE FROM feed_action WHERE time::date = '2025-01-12'",
}
STOPPED = {
    "a mapped column is renamed": ("ALTER TABLE post RENAME COLUMN topic TO subject", "topic"),
    "a mapped column is dropped": ("ALTER TABLE feed_action DROP COLUMN action", "action"),
    "a mapped column is of another type": ("ALTER TABLE feed_action ALTER COLUMN time TYPE text", "time"),
    "a table is renamed": ("ALTER TABLE post RENAME TO article", "post"),
    "most events lose their users": ("UPDATE feed_action SET user_id = user_id + 1000", "feed_action|events"),
}


@pytest.mark.parametrize("how", ["refresh", "retrain"])
@pytest.mark.parametrize("change", CARRIED)
def test_a_change_that_can_be_carried_is(network: Network, change: str, how: str) -> None:
    before = current(network.settings).id
    network.execute(NEWS + CARRIED[change])
    getattr(network, how)()
    after = current(network.settings)
    assert after.id != before
    verify(after)
    with network.serve(follow=False) as client:
        assert recommended(client, 1)


@pytest.mark.parametrize("change", STOPPED)
def test_a_change_that_cannot_be_carried_stops_and_is_named(network: Network, change: str) -> None:
    before = current(network.settings).id
    statement, name = STOPPED[change]
    network.execute(NEWS)
    network.execute(statement)
    with pytest.raises(FeedrankError, match=name):
        network.refresh()
    assert current(network.settings).id == before
