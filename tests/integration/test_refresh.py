"""A refresh follows the network with rankers that stand: what is new counts, what is gone is gone."""

from datetime import datetime

import duckdb
import numpy as np
import pytest

from core.columns import ARMS
from core.errors import SnapshotDamaged
from features.state_arrays import ARRAYS_FILE
from ranking.kept import kept_file
from ranking.recommender import STATE_FILE, Recommender
from tests.integration.small_network import WATERMARK, Network, recommended
from warehouse.snapshots import current, list_snapshots

NOON = datetime(2025, 1, 14, 12)

# what a refresh makes anew
OF_TODAY = {STATE_FILE, ARRAYS_FILE, *map(kept_file, ARMS)}


def test_what_a_user_has_liked_since_never_comes_back_to_that_user(network: Network) -> None:
    with network.serve() as client:
        liked = recommended(client, user_id=1)[:3]
        others = recommended(client, user_id=2)
    for post in liked:
        network.execute(f"INSERT INTO feed_action VALUES (1, {post}, 'like', '{WATERMARK}')")
    network.refresh()
    with network.serve() as client:
        assert not set(recommended(client, user_id=1)) & set(liked)
        assert set(recommended(client, user_id=2)) == set(others)


def test_a_like_of_yesterday_changes_the_list_of_today(network: Network) -> None:
    """User 1 has liked posts about chips, and films least of all. Now it likes three of six new films."""
    network.execute(
        "INSERT INTO post SELECT i, 'movie', 'About actors, part ' || i FROM generate_series(30, 50, 4) AS i"
    )
    before = network.refresh()
    network.execute(
        """
        INSERT INTO feed_action
            SELECT 1, post, action, '2025-01-14 10:00'::timestamp + interval '1 minute' * post
            FROM unnest(ARRAY[30, 34, 38]) AS post, unnest(ARRAY['view', 'like']) AS action;
        INSERT INTO feed_action VALUES (24, 20, 'view', '2025-01-15 09:00');
        """
    )
    after = network.refresh()
    assert after.manifest.models_from == before.manifest.models_from
    learned = [
        {name: file for name, file in each.manifest.files.items() if name not in OF_TODAY} for each in (before, after)
    ]
    assert learned[0] == learned[1], "what was learned is carried over byte by byte"
    then, now = (Recommender.open(snapshot.folder) for snapshot in (before, after))
    likes_chips, likes_films, likes_masks = 0, 1, 2
    unread = np.flatnonzero(now.state.post_ids > 38)
    for arm in ARMS:
        scores = [each.score(arm, np.arange(3), NOON)[:, unread].mean(axis=1) for each in (then, now)]
        change = scores[1] / scores[0]
        assert change[likes_chips] > 2, "films that the user has not seen have gained"
        np.testing.assert_allclose(change[[likes_films, likes_masks]], 1, atol=0.1)
        lists = [each.rank(arm, np.array([likes_chips]), NOON, 40).posts[0].tolist() for each in (then, now)]
        places = [[len(ranked) - ranked.index(post) for post in unread] for ranked in lists]  # from the end
        assert min(places[1]) > max(places[0]), "they stood last, and now there are others behind them"
        taste = [
            each.state.user_factors[arm][0] @ each.state.post_factors[arm].factors[unread].T for each in (then, now)
        ]
        assert (taste[1] > taste[0]).all()


def test_a_post_and_a_user_that_the_network_deletes_are_gone(network: Network) -> None:
    """Their events are still in the warehouse, and may go from the source with them or not."""
    network.execute(
        """
        DELETE FROM post WHERE id IN (2, 20); DELETE FROM feed_action WHERE post_id = 20;
        DELETE FROM "user" WHERE id IN (1, 24); DELETE FROM feed_action WHERE user_id = 24;
        """
    )
    for published in (network.refresh(), network.retrain()):
        assert (published.manifest.rows["posts"], published.manifest.rows["users"]) == (18, 22)
        with network.serve() as client:
            for user in (1, 2, 24):
                assert not {2, 20} & set(recommended(client, user))
            gone = ["/post/2", "/post/20/feed", "/post/20/similar", "/user/1", "/user/24/feed"]
            assert [client.get(path).status_code for path in gone] == [404] * 5
            assert 2 not in {event["post_id"] for event in client.get("/user/2/feed?limit=100").json()}
            assert 1 not in {event["user_id"] for event in client.get("/post/3/feed?limit=100").json()}


def test_a_topic_that_training_did_not_see_changes_nothing_for_the_others(network: Network) -> None:
    before = Recommender.open(current(network.settings).folder)
    network.execute("INSERT INTO post VALUES (21, 'a first topic', 'Nobody has seen this')")
    after = Recommender.open(network.refresh().folder)
    np.testing.assert_array_equal(before.state.posts.values, after.state.posts.values[:-1])
    everybody = np.arange(-1, 24)
    for arm in ARMS:
        scores = after.score(arm, everybody, NOON)
        np.testing.assert_array_equal(before.score(arm, everybody, NOON), scores[:, :-1])
        assert np.isfinite(scores).all()


def test_what_users_do_in_a_new_topic_counts_before_the_next_training(network: Network) -> None:
    network.execute("INSERT INTO post VALUES (21, 'a first topic', 'Nobody has seen this')")
    network.execute(f"INSERT INTO feed_action VALUES (1, 21, 'view', '{WATERMARK}')")
    folder = network.refresh().folder
    with duckdb.connect(str(folder / STATE_FILE), read_only=True) as snapshot:
        views = "SELECT pair_topic_views FROM user_topics WHERE user_id = 1 AND topic = 'a first topic'"
        assert snapshot.execute(views).fetchall() == [(1,)]
        assert snapshot.execute("SELECT post_id FROM post_features WHERE topic IS NULL").fetchall() == [(21,)]
        standing = "SELECT DISTINCT f.topic, p.topic FROM post_features AS f JOIN posts AS p USING (post_id) ORDER BY 2"
        assert snapshot.execute(standing).fetchall()[1:] == [(0, "covid"), (1, "movie"), (2, "sport"), (3, "tech")]


def test_profiles_may_change_their_shape_between_two_trainings(network: Network) -> None:
    network.execute(
        """
        ALTER TABLE "user" ALTER age TYPE text, DROP country, ADD nickname text;
        UPDATE "user" SET age = 'unknown', nickname = 'Bo' WHERE id = 1;
        """
    )
    network.refresh()
    with network.serve() as client:
        assert client.get("/user/1").json() == {"id": 1, "age": "unknown", "nickname": "Bo"}
        assert len(recommended(client, user_id=1)) == 15


@pytest.mark.parametrize("name", ["test.cbm", "features.duckdb"])
def test_damaged_rankers_are_not_published_again_and_a_training_replaces_them(network: Network, name: str) -> None:
    damaged = current(network.settings)
    content = bytearray((damaged.folder / name).read_bytes())
    content[-9] ^= 1  # among the numbers, where the file can still be read
    (damaged.folder / name).write_bytes(content)
    with network.serve() as client:
        answer = client.get("/post/recommendations/?id=1")
        assert answer.status_code == 503
        assert f"snapshot {damaged.id} is refused: " in answer.json()["detail"]
        assert name in answer.json()["detail"]
    with pytest.raises(SnapshotDamaged, match=name):
        network.refresh()
    assert [snapshot.id for snapshot in list_snapshots(network.settings)] == [damaged.id]
    network.retrain()
    with network.serve() as client:
        assert recommended(client, user_id=1)
