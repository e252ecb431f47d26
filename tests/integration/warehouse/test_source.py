from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest

from core.errors import SettingsError, SourceEmpty, SourceError, SourceMismatch, SourceUnreachable
from core.settings import Settings
from warehouse.connection import connect
from warehouse.copy import copy_source
from warehouse.source import attached_source, inspect_source

Execute = Callable[..., None]
Rows = Callable[[str], list[tuple[Any, ...]]]


def with_source(settings: Settings, **source: Any) -> Settings:
    return Settings.model_validate({"home": settings.home, "source": {"dsn": settings.source.required_dsn(), **source}})


@pytest.mark.usefixtures("network")
def test_the_catalogue_gives_names_and_kinds(settings: Settings) -> None:
    catalog = inspect_source(settings)
    assert catalog.users.name == "user"
    assert catalog.events.columns["event_time"].name == "time"
    assert {column.name: column.kind for column in catalog.profile} == {
        "gender": "integer",
        "age": "integer",
        "country": "text",
        "city": "text",
        "exp_group": "integer",
        "os": "text",
        "source": "text",
    }


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("postgresql://postgres:hunter2@127.0.0.1:1/db", "host 127.0.0.1, port 1, database 'db', user 'postgres'"),
        ("postgresql://me:hunter2@nowhere.invalid/db", "host nowhere.invalid"),
        ("{server}/absent", "database 'absent'"),
        ("{nobody}", "user 'nobody'"),
    ],
)
def test_a_source_that_does_not_answer(settings: Settings, database: str, dsn: str, told: str) -> None:
    server = database.rpartition("/")[0].replace("postgres@", "postgres:hunter2@")
    nobody = database.replace("postgres@", "nobody:hunter2@")
    wrong = with_source(settings, dsn=dsn.format(server=server, nobody=nobody))
    with pytest.raises(SourceUnreachable, match=told) as caught:
        copy_source(wrong, "first")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__
    with (
        closing(connect(settings)) as connection,
        pytest.raises(SourceUnreachable) as caught,
        attached_source(connection, wrong),
    ):
        pass
    assert "hunter2" not in str(caught.value)


def test_an_address_that_cannot_be_read(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="percent-encoded") as caught:
        inspect_source(with_source(settings, dsn="postgresql://me:hunter2@127.0.0.1:port/db"))
    assert "hunter2" not in str(caught.value)


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("password", ["p/w", "p@w:d", "p'w", "100%", "p w?&=#", "\\\\"])
def test_any_password_works_and_none_is_told(settings: Settings, database: str, password: str) -> None:
    dsn = database.replace("postgres@", f"postgres:{quote(password, safe='')}@")
    assert copy_source(with_source(settings, dsn=dsn), "first").copied["users"] == 3
    with (
        closing(connect(settings)) as connection,
        pytest.raises(SourceUnreachable) as caught,
        attached_source(connection, with_source(settings, dsn=dsn + "_absent")),
    ):
        pass
    assert password not in str(caught.value)
    assert quote(password, safe="") not in str(caught.value)


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER TABLE feed_action RENAME TO feed", r"source\.events\.table = 'feed_action'.* feed, post, user"),
        ("ALTER TABLE post RENAME topic TO theme", r"source\.posts\.columns maps .*topic.* it has: id, text, theme"),
        ("ALTER TABLE feed_action ALTER user_id TYPE text", "'user_id'.* type text; it must be an integer"),
        ('ALTER TABLE "user" ALTER id TYPE numeric', "'id' .* type numeric; it must be an integer"),
        ("ALTER TABLE feed_action ALTER time TYPE text", "'time'.* type text; it must be a timestamp"),
        ("ALTER TABLE feed_action ALTER action TYPE int USING 1", "'action'.* type int4; it must be a text or an enum"),
        ('ALTER TABLE "user" ADD user_id int', "'id' and 'user_id' .* would both be called 'user_id'"),
        ('ALTER TABLE "user" ADD "OS" text', "'os' and 'OS' .* would both be called 'os'"),
    ],
)
def test_a_source_of_another_shape(settings: Settings, execute: Execute, change: str, told: str) -> None:
    execute(change)
    with pytest.raises(SourceMismatch, match=told):
        copy_source(settings, "first")


@pytest.mark.usefixtures("network")
def test_a_schema_without_tables(settings: Settings) -> None:
    with pytest.raises(SourceMismatch, match=r"schema 'absent'.* there are: none"):
        inspect_source(with_source(settings, db_schema="absent"))


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    ("table", "name"), [('"user"', "'user'"), ("post", "'post'"), ("feed_action", "'feed_action'")]
)
@pytest.mark.parametrize("rest", ["", "unusable"])
def test_an_empty_table(settings: Settings, execute: Execute, table: str, name: str, rest: str) -> None:
    execute(f"TRUNCATE {table}")
    if rest:
        execute(f"INSERT INTO {table} DEFAULT VALUES")
    with pytest.raises(SourceEmpty, match=f"table {name} .* has no usable row"):
        copy_source(settings, "first")


@pytest.mark.usefixtures("network")
def test_no_like_at_all_is_no_error_here(settings: Settings, execute: Execute, rows: Rows) -> None:
    execute("DELETE FROM feed_action WHERE action = 'like'")
    assert copy_source(settings, "first").copied["events"] == 3


@pytest.mark.usefixtures("network")
def test_a_table_that_may_not_be_read_counts_as_absent(settings: Settings, execute: Execute, database: str) -> None:
    execute("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN; GRANT SELECT ON post, feed_action TO reader")
    reader = with_source(settings, dsn=database.replace("postgres@", "reader@"))
    try:
        with pytest.raises(SourceMismatch, match=r"'user' .*may not be read; .*feed_action, post\."):
            copy_source(reader, "first")
        execute('GRANT SELECT (id, age) ON "user" TO reader')
        assert copy_source(reader, "first").copied["users"] == 3
    finally:
        execute("DROP OWNED BY reader; DROP ROLE reader")


@pytest.mark.usefixtures("network")
def test_a_source_may_be_of_views_in_a_schema_of_odd_names(settings: Settings, execute: Execute, rows: Rows) -> None:
    execute(
        """
        CREATE SCHEMA "My ""odd"" one";
        CREATE VIEW "My ""odd"" one"."the 'people'" AS
            SELECT id AS "it's me", age AS "Select" , os AS "%s 100% {x}" FROM "user";
        CREATE MATERIALIZED VIEW "My ""odd"" one"."post" AS SELECT * FROM post;
        CREATE VIEW "My ""odd"" one"."Feed" AS
            SELECT user_id, post_id, action AS "Action; --", time AT TIME ZONE 'Asia/Tokyo' AS time FROM feed_action;
        """
    )
    odd = with_source(
        settings,
        db_schema='My "odd" one',
        users={"table": "the 'people'", "columns": {"user_id": "it's me"}},
        events={"table": "Feed", "columns": {"action": "Action; --"}},
    )
    for full in (False, False, True):
        assert copy_source(odd, "run", full=full).read == {"users": 3, "posts": 2, "events": 4}
    assert rows('SELECT user_id, "Select", "%s 100% {x}" FROM raw.users') == [
        (1, 20, "Android"),
        (2, None, "iOS"),
        (3, 30, "iOS"),
    ]
    assert rows("SELECT min(event_time), count(*) FROM raw.events") == [(datetime(2025, 1, 10, 1), 4)]


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE feed_action ALTER action TYPE char(10)",
        "CREATE TYPE act AS ENUM ('view', 'like'); ALTER TABLE feed_action ALTER action TYPE act USING action::act",
        "CREATE DOMAIN act AS varchar(9); ALTER TABLE feed_action ALTER action TYPE act",
        "ALTER TABLE feed_action ALTER time TYPE timestamptz USING time AT TIME ZONE 'UTC'",
        "ALTER TABLE feed_action ALTER user_id TYPE smallint, ALTER post_id TYPE bigint",
        "ALTER TABLE feed_action ADD target int, ADD note jsonb, ADD place point",
        "CREATE TABLE parts (LIKE feed_action) PARTITION BY RANGE (time);"
        "CREATE TABLE one PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2025-01-10 11:00');"
        "CREATE TABLE two PARTITION OF parts DEFAULT; INSERT INTO parts SELECT * FROM feed_action;"
        "DROP TABLE feed_action; ALTER TABLE parts RENAME TO feed_action",
    ],
)
def test_events_of_other_types_are_the_same_events(
    settings: Settings, execute: Execute, rows: Rows, change: str
) -> None:
    plain = [
        (1, 10, "view", datetime(2025, 1, 10, 10), None),
        (1, 10, "like", datetime(2025, 1, 10, 10, 1), None),
        (2, 20, "view", datetime(2025, 1, 10, 11), None),
        (3, 20, "view", datetime(2025, 1, 10, 12), None),
    ]
    query = "FROM raw.events ORDER BY event_time"
    execute(change)
    copy_source(settings, "first")
    assert rows(query) == plain
    execute("INSERT INTO feed_action (user_id, post_id, action, time) VALUES (1, 20, 'view', '2025-01-10 12:30+00')")
    assert copy_source(settings, "second").copied["events"] == 1
    assert rows(query) == [*plain, (1, 20, "view", datetime(2025, 1, 10, 12, 30), None)]


PROFILE = """
CREATE TABLE "user" (
    id bigint, flag boolean, small smallint, exact numeric(10, 2), free numeric, ratio real, born date,
    seen timestamptz, number_text text, zip varchar, mixed text, blank text, empty text, doc jsonb, tags text[],
    nums int[], span int4range, key uuid, raw bytea, ip inet, mood mood, price money, hours interval, padded char(4)
);
INSERT INTO "user" VALUES
    (1, true, 7, 12.50, 1e300, 0.5, '2000-02-29', '2025-01-01 12:00+03', '1.5', ' 12 ', '1', '', NULL, '{"a": 1}',
    '{x,"y z"}', '{1,2}', '[1,5)', '00000000-0000-0000-0000-000000000001', '\\x00ff', '10.0.0.1', 'good', 3.5,
    '1 hour', '5'),
    (2, false, NULL, NULL, 'NaN', 'Infinity', NULL, NULL, '', '-3e2', 'x', '', NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL);
"""


@pytest.mark.usefixtures("network")
def test_profile_columns_are_typed_by_what_they_hold(settings: Settings, execute: Execute, rows: Rows) -> None:
    execute("DROP TABLE \"user\"; CREATE TYPE mood AS ENUM ('good', 'bad');" + PROFILE)
    copy_source(settings, "first")
    types = dict(rows("SELECT column_name, column_type FROM (DESCRIBE raw.users)"))
    by_type = {kind: {name for name in types if types[name] == kind} for kind in set(types.values())}
    assert by_type == {
        "BIGINT": {"user_id", "flag", "small"},
        "DOUBLE": {"exact", "free", "ratio", "number_text", "zip", "padded"},
        "TIMESTAMP": {"born", "seen"},
        "VARCHAR": {
            "mixed",
            "blank",
            "empty",
            "doc",
            "tags",
            "nums",
            "span",
            "key",
            "raw",
            "ip",
            "mood",
            "price",
            "hours",
        },
    }
    assert rows("SELECT flag, exact, free, seen, number_text, zip, blank, tags, mood, mixed FROM raw.users")[0] == (
        *(1, 12.5, 1e300, datetime(2025, 1, 1, 9), 1.5, 12.0, "", '{x,"y z"}', "good", "1"),
    )
    assert rows("SELECT number_text, zip, mixed, tags FROM raw.users")[1] == (None, -300.0, "x", None)


def test_users_may_be_nothing_but_ids_and_ids_beyond_32_bits(settings: Settings, execute: Execute, rows: Rows) -> None:
    execute(
        """
        CREATE TABLE user_data (user_id bigint);
        CREATE TABLE post_text_df (post_id bigint, text text, topic text);
        CREATE TABLE feed_data (timestamp timestamp, user_id bigint, post_id bigint, action text, target int);
        INSERT INTO user_data VALUES (9223372036854775807), (-9223372036854775808), (4294967296);
        INSERT INTO post_text_df VALUES (4294967297, 'far', 'tech');
        INSERT INTO feed_data SELECT '2025-01-01', user_id, 4294967297, 'view', 0 FROM user_data;
        """
    )
    copy_source(with_source(settings, preset="feed_data"), "first")
    assert rows("FROM raw.users") == [(-9223372036854775808,), (4294967296,), (9223372036854775807,)]
    joined = "FROM raw.events JOIN raw.users USING (user_id) JOIN raw.posts USING (post_id)"
    assert rows(f"SELECT count(*) {joined}") == [(3,)]


@pytest.mark.usefixtures("network")
def test_any_text_arrives_as_it_is(settings: Settings, execute: Execute, rows: Rows) -> None:
    texts = ["x" * 2**20, "", None, "🙂 ünï", "\u0001\u200b\u202e", "\\0 \\x00 \\N", "'; DROP TABLE post; --", "%s {0}"]
    for number, text in enumerate(texts, 100):
        execute("INSERT INTO post VALUES (%s, %s, %s)", (number, text, text))
        execute('INSERT INTO "user" (id, city) VALUES (%s, %s), (NULL, %s)', (number, text, text))
    copy_source(settings, "first")
    assert rows("SELECT text, topic FROM raw.posts WHERE post_id >= 100") == [(text or "", text) for text in texts]
    assert rows("SELECT city FROM raw.users WHERE user_id >= 100") == [(text,) for text in texts]
    assert {city for (city,) in rows("SELECT \"row\" ->> 'city' FROM quality.rejected")} == set(texts)


def test_a_query_that_postgres_refuses_is_an_error_of_the_source(
    settings: Settings, execute: Execute, network: None
) -> None:
    execute("CREATE VIEW broken AS SELECT id, text, (1 / (id - id))::text AS topic FROM post")
    with pytest.raises(SourceError, match="division by zero"):
        copy_source(with_source(settings, posts={"table": "broken"}), "first")
