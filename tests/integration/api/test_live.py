"""What happens after the snapshot is felt: likes, new users and new posts, in every worker, whatever the order."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.live import Live
from core.columns import ARMS, CONTROL, TEST
from core.settings import Settings
from experiments.assignment import assign
from experiments.kept_plan import known_plan
from features.live_posts import NewPost, with_posts
from features.state_arrays import open_state
from ranking.recommender import Recommender
from tests.integration.api.process import eventually, running
from tests.integration.postgres_server import own_postgres
from tests.integration.small_network import SMALL_NETWORK, Network
from warehouse.snapshots import Snapshot, current
from warehouse.source_news import NewEvent

Client = TestClient[Litestar]
LIKES = "INSERT INTO feed_action SELECT {user}, id, 'like', now() AT TIME ZONE 'UTC' FROM post WHERE {posts}"


def serving(network: Network, **api: Any) -> Client:
    """The service, looking at the source often."""
    often = {"follow_interval": timedelta(milliseconds=20), "follow_posts_interval": timedelta(milliseconds=50), **api}
    settings = network.settings
    return TestClient(create_app(settings.model_copy(update={"api": settings.api.model_copy(update=often)})))


def follows(client: Any) -> bool:
    return bool(client.get("/health/ready").json()["source"] == "following")


def shown(client: Any, user_id: int, limit: int = 100) -> list[int]:
    answer = client.get(f"/post/recommendations/?id={user_id}&limit={limit}&time=2100-01-14T12:00:00")
    assert answer.status_code == 200, answer.text
    return [post["id"] for post in answer.json()["recommendations"]]


def topic_rank(posts: Sequence[int], topic: int) -> float:
    return float(np.mean([place for place, post in enumerate(posts) if post % 4 == topic]))


def users_of_arms(network: Network, ids: Sequence[int]) -> dict[str, int]:
    """One of `ids` in each arm."""
    return {assign(known_plan(network.settings), user).arm: user for user in ids}


def test_a_like_is_felt_in_every_worker(network: Network) -> None:
    """Two processes, and neither has written it."""
    with ExitStack() as stack:
        environment = {"FEEDRANK_SOURCE__DSN": network.dsn}
        workers = [stack.enter_context(running(network.settings, **environment)).client for _ in range(2)]
        for worker in workers:
            eventually(lambda worker=worker: follows(worker))
        before = shown(workers[0], 1)
        # user 1 liked all posts of one topic, and now begins with another
        network.execute(LIKES.format(user=1, posts="id IN (2, 6, 10)"))
        for worker in workers:
            eventually(lambda worker=worker: set(shown(worker, 1)) == set(before) - {2, 6, 10})
            kept = [post for post in before if post not in (2, 6, 10)]
            assert topic_rank(shown(worker, 1), 2) < topic_rank(kept, 2)
            assert topic_rank(shown(worker, 1), 2) < topic_rank(shown(worker, 1), 0)


def test_an_action_is_felt_at_once_where_it_was_written(network: Network) -> None:
    with serving(network, follow_interval=timedelta(hours=1)) as client:
        eventually(lambda: follows(client))
        liked = shown(client, 1)[0]
        body = {"user_id": 1, "post_id": liked, "action": "like"}
        assert client.post("/feed-actions", json=body).status_code == 201
        assert liked not in shown(client, 1)


def test_a_new_user_is_served_by_profile(network: Network) -> None:
    with serving(network) as client:
        eventually(lambda: follows(client))
        cold = shown(client, 26)
        network.execute("""INSERT INTO "user" VALUES (25, 21, 'Cyprus'), (26, 22, 'Russia')""")
        eventually(lambda: shown(client, 26) != cold)
        eventually(lambda: shown(client, 25) != shown(client, 26))
        assert client.get("/user/26").json() == {"id": 26, "age": 22, "country": "Russia"}
        assert client.get("/user/26/feed").json() == []
        liked = shown(client, 26)[0]
        network.execute(LIKES.format(user=26, posts=f"id = {liked}"))
        eventually(lambda: liked not in shown(client, 26))


def test_a_new_post_is_recommended_by_topic_at_once_and_by_its_text_soon(network: Network) -> None:
    users = users_of_arms(network, range(1, 25))
    network.execute("INSERT INTO post VALUES (0, 'movie', '')")  # an id that lies before all others
    with serving(network) as client:
        eventually(lambda: 0 in shown(client, 1))
        network.execute("INSERT INTO post VALUES (22, 'movie', 'About actors, part 22')")
        for user in users.values():
            eventually(lambda user=user: 22 in shown(client, user))
        assert client.get("/post/22").json() == {"id": 22, "text": "About actors, part 22", "topic": "movie"}
        assert client.get("/post/22/feed").json() == []
        # by the transformer's vector, which another process makes
        eventually(lambda: client.get("/post/22/similar?limit=1").json()[0]["similarity"] > 0.5)
        assert client.get("/post/22/similar?limit=1").json()[0]["topic"] == "movie"
        for user in users.values():
            answer = client.get(f"/post/recommendations/?id={user}&limit=100&explain=true").json()["recommendations"]
            assert next(post["explanation"]["score"] for post in answer if post["id"] == 22) > 0
        network.execute(LIKES.format(user=users[TEST], posts="id = 22"))
        eventually(lambda: 22 not in shown(client, users[TEST]))
        assert 22 in shown(client, users[CONTROL])


def test_new_posts_are_described_as_a_refresh_describes_them(network: Network) -> None:
    """All but the test arm's text: its embedding is made twice, and may differ in the last bits."""
    snapshot = current(network.settings)
    new = [NewPost(30, "About chips and goals", "sport"), NewPost(25, " ", "tech"), NewPost(31, "Elsewhere", "new")]
    live = with_posts(open_state(snapshot.folder), new, snapshot.folder, {})
    network.execute("INSERT INTO post VALUES (30, 'sport', 'About chips and goals'), (25, 'tech', ' ')")
    refreshed = open_state(network.refresh().folder)
    assert live.post_ids[-2:].tolist() == [30, 25]  # the network has no posts without a topic to rank the other with
    here, there = live.rows_of(refreshed.post_ids), np.arange(len(refreshed.post_ids))
    np.testing.assert_array_equal(live.posts.values[here], refreshed.posts.values)
    np.testing.assert_array_equal(live.posts.topic_rows[here], refreshed.posts.topic_rows[there])
    for name in ("vectors", "components", "distances"):
        ours, theirs = (getattr(state.spaces[CONTROL], name) for state in (live, refreshed))
        np.testing.assert_allclose(ours[here], theirs, atol=1e-6)
    ours, theirs = live.post_factors[CONTROL], refreshed.post_factors[CONTROL]
    np.testing.assert_allclose(ours.both[here], theirs.both, atol=1e-6)
    near, nearer = live.neighbours.toarray(), refreshed.neighbours.toarray()
    np.testing.assert_array_equal(near[here][:, here], nearer)


def test_a_reload_takes_what_the_new_snapshot_knows_out_and_the_rest_along(network: Network) -> None:
    app = create_app(network.settings)
    engine = app.dependencies["engine"].dependency()  # type: ignore[operator]
    with TestClient(app) as client:
        eventually(lambda: follows(client))
        first = shown(client, 1)
        network.execute(LIKES.format(user=1, posts=f"id = {first[0]}"))
        eventually(lambda: first[0] not in shown(client, 1))
        before = engine.serving.live
        assert before.counted == 1
        newer = network.refresh()
        network.execute(LIKES.format(user=1, posts=f"id = {first[1]}"))
        eventually(lambda: client.get("/snapshot").json()["id"] == newer.id)
        eventually(lambda: not {first[0], first[1]} & set(shown(client, 1)))
        assert engine.serving.live is not before
        assert engine.serving.live.counted == 1


def test_without_the_database_answers_go_on_and_say_so(trained_network: Network, tmp_path: Path) -> None:
    with own_postgres() as server:
        network = Network.create(server.dsn, tmp_path, SMALL_NETWORK)
        (tmp_path / "snapshots").symlink_to(trained_network.settings.snapshots_folder)
        with serving(network) as client:
            eventually(lambda: follows(client))
            liked = shown(client, 1)[0]
            network.execute(LIKES.format(user=1, posts=f"id = {liked}"))
            eventually(lambda: liked not in shown(client, 1))
            server.stop()
            eventually(lambda: client.get("/health/ready").json()["source"] == "away")
            assert liked not in shown(client, 1)  # what was known stays known
            other = shown(client, 1)[0]
            server.start()
            eventually(lambda: follows(client))
            network.execute(LIKES.format(user=1, posts=f"id = {other}"))
            eventually(lambda: other not in shown(client, 1))


def test_nothing_is_followed_unless_wanted(network: Network) -> None:
    with serving(network, follow=False) as client:
        assert client.get("/health/ready").json()["source"] == "off"


@pytest.fixture(scope="module")
def fresh(published: Settings) -> Callable[[], Live]:
    snapshot: Snapshot = current(published)
    recommender = Recommender.open(snapshot.folder)
    return lambda: Live(snapshot, recommender, {})


WATERMARK = datetime(2021, 12, 12)  # of the small world
EVENTS = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(-3, 10).map(lambda hours: WATERMARK + timedelta(hours=hours)),
        st.integers(1, 8),
        st.booleans(),
    ),
    max_size=30,
)


@hypothesis_settings(deadline=None, max_examples=40)
@given(events=EVENTS, data=st.data())
def test_in_whatever_order_and_however_often_events_come_the_users_are_the_same(
    fresh: Callable[[], Live], events: list[NewEvent], data: st.DataObject
) -> None:
    in_order, at_random = fresh(), fresh()
    in_order.add(sorted(set(events)), most=1000)
    jumbled = data.draw(st.permutations(events + events[:5]))
    while jumbled:
        size = data.draw(st.integers(1, len(jumbled)))
        at_random.add(jumbled[:size], most=1000)
        for arm in ARMS:
            at_random.now(arm, 1)  # what has been asked for in between does not matter
        jumbled = jumbled[size:]
    assert in_order.counted == at_random.counted
    for user_id in range(1, 5):
        for arm in ARMS:
            (_, ours), (_, theirs) = in_order.now(arm, user_id), at_random.now(arm, user_id)
            assert (ours is None) == (theirs is None)
            for name, value in vars(ours).items() if ours else ():
                np.testing.assert_array_equal(getattr(theirs, name), value)


def test_what_the_snapshot_knows_is_no_news_and_memory_is_bounded(fresh: Callable[[], Live]) -> None:
    live = fresh()
    state = live.recommender.state
    old, hour = WATERMARK - timedelta(hours=3), timedelta(hours=1)
    liked = int(state.post_ids[state.audience(CONTROL, np.array([0])).liked_posts[0]])
    user = int(state.user_ids[0])
    other = next(
        int(post)
        for post in state.post_ids
        if state.rows_of(np.array([post]))[0] not in state.audience(CONTROL, np.array([0])).liked_posts
    )
    live.add([(user, old, liked, True), (user, old, other, False)], most=10)
    assert live.counted == 0
    live.add([(user, old, other, True)], most=10)
    assert live.counted == 1
    later: list[NewEvent] = [(user + i, WATERMARK + hour, other, False) for i in range(20)]
    assert live.add(later, most=10) == 11
    assert live.counted == 10
