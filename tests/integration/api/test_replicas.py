"""Replicas: services on machines with empty disks, which serve what another machine has published to S3."""

from pathlib import Path

import httpx
import obstore
from litestar.testing import TestClient

from api.app import create_app
from benchmarks.object_store import ObjectStore, own_object_store
from core.settings import Settings, SnapshotSettings
from tests.integration.api.process import eventually, running
from tests.integration.publish_again import again, publish_again
from warehouse.snapshots import promote, store

PATHS = [
    "/post/recommendations/?id=1&time=2021-12-12T12:00:00&limit=20",
    "/post/recommendations/?id=1000&time=2021-12-12T12:00:00&limit=20",
    "/post/recommendations/popular?limit=5",
    "/user/2/feed?limit=5",
    "/post/7/similar",
    "/snapshot",
]


def shared(settings: Settings, home: Path, object_store: ObjectStore, url: str) -> Settings:
    """The settings of a machine with that home, sharing snapshots."""
    values = {"home": home, "snapshots": SnapshotSettings(store=url), "object_store": object_store.settings}
    return settings.model_copy(update=values)


def answers(client: httpx.Client) -> list[object]:
    """What the service says at each of `PATHS`, without when it loaded its snapshot."""
    found = []
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        found.append({**told, "loaded_at": None} if isinstance(told, dict) else told)
    return found


def test_two_replicas_with_empty_disks_answer_as_the_machine_that_published(
    home: Settings, object_store: ObjectStore, tmp_path: Path
) -> None:
    url = object_store.bucket()
    first = publish_again(shared(home, home.home, object_store, url))
    one, other = (shared(home, tmp_path / name, object_store, url) for name in ("one", "other"))
    environment = {
        "FEEDRANK_SNAPSHOTS__STORE": url,
        "FEEDRANK_OBJECT_STORE__ENDPOINT": str(object_store.settings.endpoint),
        "FEEDRANK_OBJECT_STORE__KEY_ID": "me",
        "FEEDRANK_OBJECT_STORE__SECRET": "s3-secret",
        "FEEDRANK_OBJECT_STORE__ALLOW_HTTP": "true",
        "FEEDRANK_API__WORKERS": "2",
    }
    with (
        TestClient(create_app(home)) as publisher,
        TestClient(create_app(one)) as near,
        running(other, **environment) as far,
    ):
        eventually(lambda: near.get("/health/ready").status_code == 200 and far.answers("/health/ready", 200))
        assert near.get("/health/ready").json()["store"] == "following"
        assert answers(near) == answers(far.client) == answers(publisher)
        assert near.get("/snapshot").json()["id"] == first.id
        second = publish_again(shared(home, home.home, object_store, url))
        eventually(lambda: near.get("/snapshot").json()["id"] == second.id)
        eventually(lambda: far.client.get("/snapshot").json()["id"] == second.id)


def test_a_replica_goes_on_while_the_store_is_away_and_starts_from_its_copy(home: Settings, tmp_path: Path) -> None:
    with own_object_store() as object_store:
        url = object_store.bucket()
        publish_again(shared(home, home.home, object_store, url))
        settings = shared(home, tmp_path / "replica", object_store, url)
        with TestClient(create_app(settings)) as replica:
            eventually(lambda: replica.get("/health/ready").status_code == 200)
            before = answers(replica)
            object_store.stop()
            eventually(lambda: replica.get("/health/ready").json()["store"] == "away")
            assert answers(replica) == before
        with TestClient(create_app(settings)) as again:
            eventually(lambda: again.get("/health/ready").json()["store"] == "away")
            assert answers(again) == before


def test_what_is_damaged_in_the_store_is_refused_and_the_one_before_goes_on(
    home: Settings, object_store: ObjectStore, tmp_path: Path
) -> None:
    url = object_store.bucket()
    publisher = shared(home, home.home, object_store, url)
    first = publish_again(publisher)
    with TestClient(create_app(shared(home, tmp_path / "replica", object_store, url))) as replica:
        eventually(lambda: replica.get("/health/ready").status_code == 200)
        damaged = again(publisher, store)  # served to nobody yet
        path = f"{damaged.id}/control.cbm"
        content = bytearray(obstore.get(object_store.client(url), path).bytes())
        content[len(content) // 2] ^= 1
        obstore.put(object_store.client(url), path, bytes(content))
        promote(publisher, damaged.id, by="the test")
        eventually(lambda: replica.get("/health/ready").json()["store"] == "refused")
        assert replica.get("/snapshot").json()["id"] == first.id
        assert answers(replica)
