"""What a network may hold that few people think of comes through to the HTTP answer as it is."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.integration.small_network import Network, recommended

Client = TestClient[Litestar]

USERS = [-(2**63), -1, 0, 2**31, 2**63 - 1]
POSTS: dict[int, tuple[str | None, str | None]] = {  # text, topic
    -(2**63): ("word " * 2**18, None),  # more than 1 MB
    -1: ("", ""),
    0: (None, "🙂"),
    2**31 + 1: ("👩‍👩‍👧‍👦 🏴‍☠️ e\u0301 \U0010ffff", "tech"),
    2**40: ("\u0001 \\0 \\x00 \\u0000 %00 \u2028 \u202e \ufeff", "a\u0001b"),
    2**63 - 2: ('"; DROP TABLE post; -- </script> {0} %s \\', "' OR 1=1"),
    2**63 - 1: (" \t\n", " "),
}
# each of these is the name of a column of ours, somewhere on the way
PROFILE = ["id", "views", "likes", "topic", "cut", "user_views", "post_id", "arm", "score", "eligible", "liked"]
NUMBERS = ["NaN", "1e300", "-Infinity", None, "0.1"]
TIMES = ["infinity", "-infinity", "0001-01-01", None, "2000-02-29"]

TABLES = f"""
    CREATE TABLE user_data (user_id bigint, "a ""b'c" numeric, born timestamp, {" text, ".join(PROFILE)} text);
    CREATE TABLE post_text_df (post_id bigint, text text, topic text);
"""
# every user views every post once a day for ten days, and likes some of them at the last time
EVENTS = """
    CREATE TABLE feed_data AS
        SELECT u.user_id, p.post_id, 'view' AS action,
               timestamp '2025-01-01' + interval '1 day' * day + interval '1 hour' * abs(p.post_id % 7) AS timestamp
        FROM user_data AS u, post_text_df AS p, generate_series(0, 9) AS day;
    INSERT INTO feed_data
        SELECT user_id, post_id, 'like', timestamp + interval '1 minute' FROM feed_data
        WHERE timestamp >= '2025-01-10' AND (user_id % 2 = 0) = (post_id % 2 = 0);
"""


@pytest.fixture(scope="module")
def client(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    network = Network.create(postgres, tmp_path_factory.mktemp("odd"), TABLES, preset="feed_data")
    for user, number, time in zip(USERS, NUMBERS, TIMES, strict=True):
        row = (user, number, time, *(f"{name} of {user}" for name in PROFILE))
        network.execute(f"INSERT INTO user_data VALUES ({', '.join(['%s'] * len(row))})", row)
    for post, (text, topic) in POSTS.items():
        network.execute("INSERT INTO post_text_df VALUES (%s, %s, %s)", (post, text, topic))
    network.execute(EVENTS)
    network.retrain()
    with network.serve() as client:
        yield client


@pytest.mark.parametrize("post", POSTS)
def test_texts_and_topics_are_answered_to_the_last_byte(client: Client, post: int) -> None:
    text, topic = POSTS[post]
    assert client.get(f"/post/{post}").json() == {"id": post, "text": text or "", "topic": topic}
    assert {event["post"]["text"] for event in client.get(f"/post/{post}/feed").json()} == {text or ""}
    assert len(client.get(f"/post/{post}/similar").json()) == len(POSTS) - 1


@pytest.mark.parametrize("user", USERS)
def test_profile_columns_may_have_any_name_and_hold_anything(client: Client, user: int) -> None:
    answer = client.get(f"/user/{user}").json()
    assert list(answer) == ["id", "a \"b'c", "born", *PROFILE[1:]]
    assert answer["id"] == user, "not the profile's column of that name"
    assert [answer[name] for name in PROFILE[1:]] == [f"{name} of {user}" for name in PROFILE[1:]]
    assert {event["user"]["id"] for event in client.get(f"/user/{user}/feed").json()} == {user}


@pytest.mark.parametrize("user", [*USERS, 12345])
def test_every_user_is_recommended_all_that_is_not_liked_yet(client: Client, user: int) -> None:
    liked = {post for post in POSTS if (user % 2 == 0) == (post % 2 == 0)} if user in USERS else set()
    assert set(recommended(client, user)) == set(POSTS) - liked
