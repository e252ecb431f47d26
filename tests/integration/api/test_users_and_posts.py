import duckdb
import pytest
from litestar import Litestar
from litestar.testing import TestClient

Client = TestClient[Litestar]


def test_a_user_comes_with_every_column_of_the_source(client: Client, tables: duckdb.DuckDBPyConnection) -> None:
    row = tables.execute("FROM users ORDER BY user_id LIMIT 1")
    names = ["id", *(column[0] for column in row.description[1:])]
    expected = dict(zip(names, row.fetchall()[0], strict=True))
    user = client.get(f"/user/{expected['id']}").json()
    assert user == expected
    assert list(user) == names


def test_a_post_comes_with_text_and_topic(client: Client, tables: duckdb.DuckDBPyConnection) -> None:
    [expected] = tables.execute(
        "SELECT post_id, text, topic FROM posts JOIN post_text USING (post_id) ORDER BY post_id LIMIT 1"
    ).fetchall()
    assert tuple(client.get(f"/post/{expected[0]}").json().values()) == expected


@pytest.mark.parametrize("kind", ["user", "post"])
def test_a_feed_holds_the_newest_events_first(client: Client, tables: duckdb.DuckDBPyConnection, kind: str) -> None:
    [(wanted,)] = tables.execute(
        f"SELECT {kind}_id FROM {kind}_feed GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    ).fetchall()
    newest = tables.execute(
        f"SELECT strftime(event_time, '%xT%X') FROM {kind}_feed WHERE {kind}_id = ? ORDER BY event_time DESC LIMIT 10",
        [wanted],
    ).fetchall()
    feed = client.get(f"/{kind}/{wanted}/feed").json()
    assert [event["time"][:19] for event in feed] == [time for (time,) in newest]
    for event in feed:
        assert list(event) == ["action", "post_id", "time", "user_id", "user", "post"]
        assert event[f"{kind}_id"] == wanted
        assert event["user"] == client.get(f"/user/{event['user_id']}").json()
        assert event["post"] == client.get(f"/post/{event['post_id']}").json()


@pytest.mark.parametrize("kind", ["user", "post"])
def test_a_feed_has_no_more_than_its_limit(client: Client, tables: duckdb.DuckDBPyConnection, kind: str) -> None:
    [(wanted, events)] = tables.execute(
        f"SELECT {kind}_id, count(*) FROM {kind}_feed GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    ).fetchall()
    for limit in (1, 100):
        assert len(client.get(f"/{kind}/{wanted}/feed", params={"limit": limit}).json()) == min(limit, events)


def test_a_user_without_events_has_an_empty_feed(client: Client, tables: duckdb.DuckDBPyConnection) -> None:
    [(quiet,)] = tables.execute(
        "SELECT user_id FROM users ANTI JOIN user_feed USING (user_id) ORDER BY user_id LIMIT 1"
    ).fetchall()
    answer = client.get(f"/user/{quiet}/feed")
    assert (answer.status_code, answer.json()) == (200, [])


def test_similar_posts_are_others_nearest_first(client: Client, tables: duckdb.DuckDBPyConnection) -> None:
    [(wanted,)] = tables.execute("SELECT min(post_id) FROM posts").fetchall()
    similar = client.get(f"/post/{wanted}/similar", params={"limit": 5}).json()
    expected = tables.execute("SELECT post_id FROM similar_posts(?, n := 5)", [wanted]).fetchall()
    assert [post["id"] for post in similar] == [post_id for (post_id,) in expected]
    assert [list(post) for post in similar] == [["id", "text", "topic", "similarity"]] * 5
    assert [post["similarity"] for post in similar] == sorted((post["similarity"] for post in similar), reverse=True)


@pytest.mark.parametrize("path", ["/user/{}", "/user/{}/feed", "/post/{}", "/post/{}/feed", "/post/{}/similar"])
def test_an_id_that_does_not_exist_is_not_found(client: Client, path: str) -> None:
    answer = client.get(path.format(2**63 - 1))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert str(2**63 - 1) in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/user/{}", "/user/{}/feed", "/post/{}", "/post/{}/feed", "/post/{}/similar"])
@pytest.mark.parametrize("value", ["abc", "99999999999999999999"])
def test_an_id_that_is_no_id_is_named(client: Client, path: str, value: str) -> None:
    answer = client.get(path.format(value))
    assert answer.status_code == 400
    assert (answer.json()["errors"][0]["parameter"], answer.json()["errors"][0]["value"]) == ("id", value)


@pytest.mark.parametrize("path", ["/user/1/feed", "/post/1/feed", "/post/1/similar", "/post/recommendations/popular"])
@pytest.mark.parametrize("limit", [0, 101])
def test_limits_out_of_bounds_are_named(client: Client, path: str, limit: int) -> None:
    answer = client.get(path, params={"limit": limit})
    assert answer.status_code == 400
    assert answer.json()["detail"] == f"limit='{limit}' is not accepted; it must be a whole number from 1 to 100"
