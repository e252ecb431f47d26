"""A refresh after edits, deletions and ids that are used again: it does what is needed, and no more."""

from uuid import uuid4

import duckdb

from core.settings import Settings
from features.daily import rebuild_daily, refresh_daily
from flows.news import is_news, note_publication
from ranking import pipeline
from ranking.pipeline import load_inputs
from ranking.recommender import STATE_FILE
from tests.integration.small_network import OF_THE_COPIES, WATERMARK, Network, recommended
from warehouse.connection import connect, literal
from warehouse.copy import Reconcile, copy_source
from warehouse.manifest import file_entries
from warehouse.snapshots import Snapshot, current, draft

NEW_EVENT = f"INSERT INTO feed_action VALUES (1, 2, 'view', '{WATERMARK}'::timestamp + interval '1 minute')"


def test_an_edit_alone_is_news(network: Network) -> None:
    standing = network.refresh()
    published(network.settings, standing)
    edits = [
        "UPDATE post SET text = 'Another text' WHERE id = 3",
        "UPDATE post SET topic = 'tech' WHERE id = 3",
        'UPDATE "user" SET age = age + 1 WHERE id = 2',
        'DELETE FROM "user" WHERE id = 4; INSERT INTO "user" VALUES (40, 20, NULL)',
        'ALTER TABLE "user" RENAME country TO land',
        NEW_EVENT,
    ]
    assert not news(network, standing)
    for edit in edits:
        network.execute(edit)
        assert news(network, standing), edit
        published(network.settings, standing)
        assert not news(network, standing), edit
    network.execute("DELETE FROM feed_action WHERE user_id = 2 AND post_id = 2")
    assert not news(network, standing), "so long ago that no copy looks there"
    assert news(network, standing, "repair")


def test_a_snapshot_that_somebody_has_rolled_back_to_is_made_anew(network: Network) -> None:
    first = current(network.settings)
    published(network.settings, network.refresh())
    assert news(network, first)


def test_only_new_and_edited_texts_are_embedded(network: Network) -> None:
    network.execute("UPDATE post SET text = 'Another text', topic = 'tech' WHERE id = 3")
    network.execute("INSERT INTO post VALUES (50, 'tech', 'A new text'), (51, 'tech', 'A new text')")
    copy_source(network.settings, uuid4().hex)
    embedded: list[tuple[int, int]] = []
    with connect(network.settings) as con:
        load_inputs(con, network.settings, lambda done, of: embedded.append((done, of)))
        assert embedded[-1] == (2, 2)
        load_inputs(con, network.settings, lambda done, of: embedded.append((done, of)))
        assert embedded[-1] == (2, 2)


def test_who_gets_the_id_of_a_deleted_user_has_what_the_source_still_has_under_it(network: Network) -> None:
    network.execute('DELETE FROM "user" WHERE id = 1; DELETE FROM post WHERE id = 2')
    network.refresh()
    network.execute("INSERT INTO \"user\" VALUES (1, 99, 'Peru'); INSERT INTO post VALUES (2, 'sport', 'Reused')")
    network.refresh()
    with network.serve() as client:
        assert client.get("/user/1").json() == {"id": 1, "age": 99, "country": "Peru"}
        assert client.get("/post/2").json()["text"] == "Reused"
        assert len(recommended(client, user_id=1)) == 15
        assert len(client.get("/user/1/feed?limit=100").json()) == 25
    network.execute("DELETE FROM feed_action WHERE user_id = 1")
    copy_source(network.settings, uuid4().hex, reconcile="repair")
    network.refresh()
    with network.serve() as client:
        assert len(recommended(client, user_id=1)) == 20
        assert client.get("/user/1/feed").json() == []


def test_a_refresh_piece_by_piece_publishes_what_one_from_scratch_does(network: Network) -> None:
    """The same rankers over a warehouse that has seen it all at once: arrays, lists and tables are the same."""
    standing = current(network.settings)
    steps = [
        NEW_EVENT + ", (2, 3, 'like', '2025-01-12 20:00')",
        "UPDATE post SET topic = 'tech', text = 'Another text' WHERE id = 3; DELETE FROM post WHERE id = 7",
        "INSERT INTO post VALUES (7, 'a new topic', 'Reused'); DELETE FROM feed_action WHERE post_id = 9",
        'INSERT INTO "user" VALUES (30, 20, NULL); ' + NEW_EVENT.replace("(1, 2,", "(30, 7,"),
    ]
    for step in steps:
        network.execute(step)
        network.refresh()
    copy_source(network.settings, uuid4().hex, reconcile="repair")

    scratch = network.settings.model_copy(update={"home": network.settings.home / "scratch"})
    copy_source(scratch, uuid4().hex)
    with connect(scratch) as con:  # when each event came, the source does not know
        con.execute(f"ATTACH {literal(str(network.settings.warehouse_file))} AS steps (READ_ONLY)")
        con.execute(
            "UPDATE raw.events AS e SET late_at = s.late_at FROM steps.raw.events AS s WHERE e.user_id = s.user_id "
            "AND e.post_id = s.post_id AND e.action::VARCHAR = s.action::VARCHAR AND e.event_time = s.event_time"
        )
        con.execute("INSERT INTO features.text_embeddings FROM steps.features.text_embeddings")
        con.execute("DETACH steps")
        rebuild_daily(con)
    by_steps, at_once = (written(settings, standing) for settings in (network.settings, scratch))
    assert by_steps == at_once


def written(settings: Settings, standing: Snapshot) -> tuple[dict[str, str], dict[str, object]]:
    """Hashes of a refreshed snapshot's files, and the rows of its database."""
    with connect(settings) as con, draft(settings) as folder:
        refresh_daily(con)
        pipeline.refresh(con, load_inputs(con, settings), standing, folder, settings)
        files = {name: entry.sha256 for name, entry in file_entries(folder).items() if name != STATE_FILE}
        with duckdb.connect(str(folder / STATE_FILE), read_only=True) as snapshot:
            tables = [name for (name,) in snapshot.sql("SHOW TABLES").fetchall() if name not in OF_THE_COPIES]
            rows: dict[str, object] = {
                name: repr(snapshot.sql(f"FROM {name} ORDER BY ALL").fetchall()) for name in tables
            }
    return files, rows


def news(network: Network, standing: Snapshot, reconcile: Reconcile = "recent") -> bool:
    """Whether there is any after a copy."""
    copy_source(network.settings, uuid4().hex, reconcile=reconcile)
    with connect(network.settings) as con:
        return is_news(con, standing)


def published(settings: Settings, snapshot: Snapshot) -> None:
    with connect(settings) as con:
        note_publication(con, snapshot.id)
