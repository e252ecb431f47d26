"""The page Models: figures as the snapshot has them, two side by side, and a roll back that needs a key."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from msgspec.structs import replace

from api.access import keys
from api.app import create_app
from api.pages import models_view
from api.pages.language import NAMES
from core.settings import Settings
from ranking.gate import GATE_SCHEMA
from ranking.recommender import STATE_FILE
from tests.integration.publish_again import again, publish_again
from tests.integration.small_network import Network
from warehouse.snapshots import (
    GateOutcome,
    ManifestBody,
    Snapshot,
    current,
    history,
    list_snapshots,
    publish,
    rollback,
    store,
)

Client = TestClient[Litestar]
HTMX = {"HX-Request": "true"}
REFUSED = "ndcg@10_viewed of test over random, low end: -0.1, wanted 0"


def store_refused(settings: Settings, folder: Path, manifest: ManifestBody) -> Snapshot:
    """As the gate leaves a pair that it has refused."""
    checks = [
        ("ndcg@10_viewed of test over random, low end", -0.1, 0.0, False, REFUSED),
        ("share of nulls in user_views", 0.0, 0.99, True, None),
        ("share of nulls in profile_age", 0.25, 0.99, True, None),
        ("PSI of profile_age", 0.75, 0.25, False, "PSI of profile_age: 0.7500 is over 0.25 <script>"),
        ("PSI of post_trend", float("nan"), 0.25, True, "PSI of post_trend is undefined: there is no row of it"),
    ]
    with duckdb.connect(str(folder / STATE_FILE)) as tables:
        tables.register("checks", pl.DataFrame(checks, schema=GATE_SCHEMA, orient="row"))
        tables.execute("CREATE OR REPLACE TABLE gate AS FROM checks")
    return store(settings, folder, replace(manifest, gate=GateOutcome(promoted=False, reasons=[REFUSED])))


def publish_changed(settings: Settings, folder: Path, manifest: ManifestBody) -> Snapshot:
    """Rankers that are better by a known bit, of other settings."""
    with duckdb.connect(str(folder / STATE_FILE)) as tables:
        tables.execute("UPDATE evaluation SET value = value + 0.0123 WHERE arm = 'test'")
    told = {**manifest.settings, "ranking": {**manifest.settings["ranking"], "depth": 9}}
    return publish(settings, folder, replace(manifest, settings=told, models_from="20250101T000000Z-0123456789ab"))


@pytest.fixture(scope="module")
def settings(trained_network: Network, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a trained pair, one that is better, a refused one, and a roll back to the first and forth again."""
    home = tmp_path_factory.mktemp("models")
    shutil.copytree(trained_network.settings.snapshots_folder, home / "snapshots", symlinks=True)
    api = trained_network.settings.api.model_copy(update={"follow": False})
    settings = trained_network.settings.model_copy(update={"home": home, "api": api})
    first = current(settings)
    second = again(settings, publish_changed)
    again(settings, store_refused)
    rollback(settings, first.id, by="ann")
    rollback(settings, second.id, by="<b>ann</b>")
    return settings


@pytest.fixture(scope="module")
def page(settings: Settings) -> Iterator[Client]:
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.mark.parametrize("language", NAMES)
def test_the_live_pair_is_shown_with_all_that_is_known_of_it(page: Client, settings: Settings, language: str) -> None:
    answer = page.get("/models", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    _, figures = models_view.figures_of(settings, current(settings).id)
    assert set(figures.contestants) > {"control", "test", "random", "popular"}
    for metric, measured in figures.metrics.items():
        assert f'<th scope="row">{metric}</th>' in answer.text
        if metric not in models_view.BEHIND and (value := measured["test"].value) is not None:
            assert f"{value:.4g}" in answer.text
    assert answer.text.count("<circle") == sum(one.bin > 0 for bins in figures.calibration.values() for one in bins)
    for shares in figures.importances.values():
        assert sum(shares.values()) == pytest.approx(1)
        assert f"/data?find={next(iter(shares))}#catalogue" in answer.text


def test_who_was_live_when_is_told(page: Client, settings: Settings) -> None:
    text = page.get("/models").text
    shelf = models_view.shelf(settings)
    assert [one.action for one in shelf.periods] == ["rollback", "rollback", "publish", "publish"]
    assert text.count("<title>2") == 4, "a part of the timeline for each switch"
    assert "&lt;b&gt;ann&lt;/b&gt;" in text
    assert "<b>ann" not in text
    assert "never live" in text


def test_a_refused_pair_tells_why_and_how_far_its_features_have_gone(page: Client, settings: Settings) -> None:
    [refused] = models_view.shelf(settings).refused
    text = page.get("/models", params={"a": refused}).text
    assert text.count(REFUSED) == 2, "among the reasons, and beside the check"
    assert "0.75" in text
    assert "<script>" not in text.split("</head>")[1]
    _, figures = models_view.figures_of(settings, refused)
    assert [(one.feature, one.compared) for one in figures.drift] == [
        ("profile_age", True),
        ("post_trend", True),
        ("user_views", False),
    ]
    assert f"/models/rollback?to={refused}" not in text


def test_two_are_set_side_by_side(page: Client, settings: Settings) -> None:
    second, first = (one.id for one in list_snapshots(settings)[1:])
    text = page.get("/models", params={"a": first, "b": second}).text
    changes = text.split('class="compared"')[1].split("</section>")[0]
    assert "+0.0123" in changes
    assert "+0.0000" in changes, "control is as it was"
    assert "ranking.depth" in changes
    assert "-0.0123" in page.get("/models", params={"a": second, "b": first}).text
    assert page.get("/models", params={"a": first, "b": "20250101T000000Z-0123456789ab"}).status_code == 503
    assert page.get("/models", params={"a": "../../etc", "b": first}).status_code == 503


def test_a_pair_without_an_evaluation_has_a_page_too(published: Settings, tmp_path: Path) -> None:
    with TestClient(create_app(published)) as client:
        assert "undefined" in client.get("/models").text
    with TestClient(create_app(published.model_copy(update={"home": tmp_path}))) as client:
        assert "Nothing has been published yet" in client.get("/models").text


def ask(client: Client, to: str, live: str, key: str = "", **headers: str) -> tuple[int, str, str | None]:
    answer = client.post("/models/rollback", data={"to": to, "live": live, "key": key}, headers={**HTMX, **headers})
    return answer.status_code, answer.text, answer.headers.get("hx-redirect")


def test_a_roll_back_takes_an_operators_key_and_is_on_record(home: Settings) -> None:
    first, second = current(home), publish_again(home)
    _, reader = keys.create(home.keys_folder, "reader", ["recommend"])
    _, operator = keys.create(home.keys_folder, "ann", ["operate"])
    signed_in = {"Authorization": f"Bearer {reader}"}
    with TestClient(create_app(home)) as client:
        client.headers.update(signed_in)
        question = client.get("/models/rollback", params={"to": first.id}).text
        assert first.id in question
        assert second.id in question
        for key in ("", "feedrank_wrong", reader):
            status, told, _ = ask(client, first.id, second.id, key)
            assert status == 403
            assert "operate" in told
        assert current(home).id == second.id
        foreign = client.post("/models/rollback", data={"to": first.id, "live": second.id, "key": operator})
        assert foreign.status_code == 403, "a form of another site's"
        assert ask(client, first.id, first.id, operator)[0] == 409, (
            "it is not what was live when the question was asked"
        )
        assert ask(client, "../x", second.id, operator)[0] == 400
        assert current(home).id == second.id
        assert ask(client, first.id, second.id, operator) == (200, "", f"/models?done={first.id}")
        assert "Rolled back" in client.get("/models", params={"done": first.id}).text
        assert client.get("/models/rollback", params={"to": first.id}).status_code == 409
    assert current(home).id == first.id
    [*_, last] = history(home)
    assert (last.action, last.snapshot, last.by) == ("rollback", first.id, "ann")
