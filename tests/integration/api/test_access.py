"""Who is let in: keys and their scopes over HTTP, limits, what is refused at the start, what every answer carries."""

import asyncio
import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from litestar import Litestar, Request, post
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.testing import TestClient

from api.access import door
from api.access.browsers import SHIELD
from api.access.connections import LARGEST_HEAD
from api.access.door import Door, refuse_unguarded
from api.access.keys import SCOPES, create, revoke
from api.access.scopes import needed
from api.app import create_app
from api.problems import LARGEST_BODY
from core.errors import SettingsError
from core.settings import ApiSettings, Settings, load_settings
from feedrank.checks.service import check_service
from tests.integration.api.process import eventually, running

Client = TestClient[Litestar]
RECOMMENDATIONS = "/post/recommendations?id=1"
OPEN = {"/health/live", "/health/ready"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def tokens(home: Settings) -> dict[str, str]:
    return {scope: create(home.keys_folder, f"{scope}er", [scope])[1] for scope in SCOPES}


@pytest.fixture
def guarded(home: Settings, tokens: dict[str, str]) -> Iterator[Client]:
    with TestClient(create_app(home)) as client:
        yield client


def test_every_route_says_what_it_needs(client: Client) -> None:
    scopes = {
        (method, route.path): needed(handler)
        for route in client.app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if method != "OPTIONS"
    }
    assert {path for (_, path), scope in scopes.items() if scope is None} == OPEN
    assert {path for (_, path), scope in scopes.items() if scope == "write"} == {"/feed-actions", "/feed/actions"}
    forgotten = [where for where, scope in scopes.items() if scope == "operate"]
    assert not forgotten, "these say nothing, so they need a key that may operate"
    described = client.get("/schema/openapi.json").json()
    assert set(described["components"]["securitySchemes"]) == {"bearer", "header"}
    assert described["paths"]["/feed-actions"]["post"]["security"] == [{"bearer": ["write"]}, {"header": ["write"]}]
    assert described["paths"]["/health/live"]["get"]["security"] == [{}]


def test_without_keys_the_machine_itself_is_served_and_nobody_else(client: Client) -> None:
    assert client.get(RECOMMENDATIONS).status_code == 200
    app = client.app
    for server, peer in ((("10.0.0.5", 8000), ("10.0.0.9", 4000)), (("127.0.0.1", 8000), ("10.0.0.9", 4000))):
        status, body = _ask(app, server, peer)
        assert (status, "feedrank keys create" in body["detail"]) == (403, True)
    assert _ask(app, ("127.0.0.1", 8000), ("127.0.0.1", 4000))[0] == 200


def _ask(app: Litestar, server: tuple[str, int], client: tuple[str, int]) -> tuple[int, Any]:
    """What the service answers to a connection between these two."""

    # the transport gives every connection the address of its URL
    async def placed(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "server": server}, receive, send)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(placed, client=client), base_url="http://x") as http:
            return await http.get("/post/recommendations/popular")

    answer = asyncio.run(ask())
    return answer.status_code, answer.json()


def test_a_key_opens_what_its_scopes_name(guarded: Client, tokens: dict[str, str]) -> None:
    action = json.dumps({"user_id": 1, "post_id": 1, "action": "view"})

    def write(headers: dict[str, str]) -> httpx.Response:
        return guarded.post("/feed-actions", content=action, headers=headers)

    assert guarded.get("/health/live").status_code == guarded.get("/health/ready").status_code == 200
    for path in (RECOMMENDATIONS, "/user/1", "/snapshot", "/metrics", "/schema/openapi.json"):
        refused = guarded.get(path)
        assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")
        assert refused.json()["scope"] == "recommend"
        assert "feedrank keys create" in refused.json()["detail"]
        assert refused.headers["www-authenticate"].startswith('Bearer realm="feedrank", Basic')
        assert guarded.get(path, headers=bearer(tokens["recommend"])).status_code == 200
        for other in ("write", "operate"):
            lacking = guarded.get(path, headers=bearer(tokens[other]))
            assert (lacking.status_code, lacking.json()["scope"]) == (403, "recommend")
            assert 'error="insufficient_scope", scope="recommend"' in lacking.headers["www-authenticate"]
    assert write({}).status_code == 401
    assert (
        write(bearer(tokens["recommend"])).json()["detail"] == "key 'recommender' has scope recommend, this needs write"
    )
    assert write(bearer(tokens["write"])).status_code == 503  # let in; there is no database


def test_a_token_may_come_in_each_of_three_ways(guarded: Client, tokens: dict[str, str]) -> None:
    token = tokens["recommend"]
    basic = b64encode(f"anna:{token}".encode()).decode()
    for headers in (
        {"Authorization": f"bearer  {token} "},
        {"Authorization": f"Basic {basic}"},
        {"X-API-Key": token},
        {"X-API-Key": "another", "Authorization": f"Bearer {token}"},
    ):
        assert guarded.get("/snapshot", headers=headers).status_code == 200, headers
    for wrong in (token[:-1], "", "x" * 10_000, "٣"):
        for headers in (
            {"Authorization": f"Bearer {wrong}"},
            {"X-API-Key": wrong},
            {"Authorization": f"Basic {wrong}"},
        ):
            raw = {name: value.encode() for name, value in headers.items()}
            answer = guarded.get("/snapshot", headers=raw)  # type: ignore[arg-type]
            assert answer.status_code == 401, headers
            assert wrong == "" or wrong not in answer.text


def test_a_browser_is_made_to_ask_its_user_before_it_shows_a_page(guarded: Client, tokens: dict[str, str]) -> None:
    refused = guarded.get("/")
    assert (refused.status_code, refused.headers["content-type"].partition(";")[0]) == (401, "text/html")
    assert "Basic" in refused.headers["www-authenticate"]
    assert guarded.get("/", auth=("anybody", tokens["recommend"])).status_code == 200
    writes = {"headers": {"HX-Request": "true"}, "data": {"user_id": "1"}}
    assert guarded.post("/feed/actions", auth=("anybody", tokens["recommend"]), **writes).status_code == 403


def test_keys_come_and_go_while_the_service_runs(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.access.keyring.LOOK", 0.0)
    with TestClient(create_app(home)) as client:
        assert client.get("/snapshot").status_code == 200
        _, token = create(home.keys_folder, "web", ["recommend"])
        assert client.get("/snapshot").status_code == 401
        assert client.get("/snapshot", headers=bearer(token)).status_code == 200
        revoke(home.keys_folder, "web")
        assert client.get("/snapshot", headers=bearer(token)).status_code == 401
        assert client.get("/snapshot").status_code == 401  # nobody was let in again


def test_operating_needs_an_operator_s_key_everywhere(home: Settings, tokens: dict[str, str]) -> None:
    async def roll_back(door: NamedDependency[SkipValidation[Door]], request: Request[Any, Any, Any]) -> str:
        typed = (await request.form()).get("key")
        return f"by {door.operator(request, typed).name}"

    service = create_app(home.model_copy(update={"api": ApiSettings(ask_keys=False)}))
    service.register(post("/roll-back", status_code=200, security=[{}], media_type="text/plain")(roll_back))
    with TestClient(service) as client:
        assert client.get("/snapshot").status_code == 200  # keys are off for the rest
        refused = client.post("/roll-back", data={})
        assert (refused.status_code, refused.json()["scope"]) == (401, "operate")
        assert "feedrank keys create NAME --scope operate" in refused.json()["detail"]
        assert client.post("/roll-back", data={"key": "feedrank_"}).status_code == 401
        assert client.post("/roll-back", data={"key": tokens["recommend"]}).status_code == 403
        assert client.post("/roll-back", data={"key": f" {tokens['operate']}\n"}).text == "by operateer"
        assert client.post("/roll-back", headers=bearer(tokens["operate"])).text == "by operateer"
        foreign = {**bearer(tokens["operate"]), "Sec-Fetch-Site": "cross-site"}
        assert client.post("/roll-back", headers=foreign).status_code == 403


def test_too_many_requests_of_one_key_are_no_other_s_trouble(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]  # the test's own clock: on a slow machine, requests come too seldom to be too many
    monkeypatch.setattr(door, "time", SimpleNamespace(monotonic=lambda: now[0]))
    _, eager = create(home.keys_folder, "eager", ["recommend"], rate=3)
    _, calm = create(home.keys_folder, "calm", ["recommend"])
    with TestClient(create_app(home.model_copy(update={"api": ApiSettings(rate_limit=100)}))) as client:
        answers = [client.get("/snapshot", headers=bearer(eager)) for _ in range(8)]
        assert [one.status_code for one in answers[:3]] == [200] * 3
        assert answers[-1].status_code == 429
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 2
        assert "more than 3 requests a second" in answers[-1].json()["detail"]
        assert client.get("/snapshot", headers=bearer(calm)).status_code == 200
        assert client.get("/health/live", headers=bearer(eager)).status_code == 200
        now[0] += int(answers[-1].headers["retry-after"])
        assert client.get("/snapshot", headers=bearer(eager)).status_code == 200
        unknown = [client.get("/snapshot").status_code for _ in range(400)]
        assert (unknown[0], unknown[-1]) == (401, 429)  # those without a key, by their address
        assert client.get("/snapshot", headers=bearer(calm)).status_code == 200


@pytest.mark.parametrize("path", [RECOMMENDATIONS, "/user/x", "/nowhere", "/health/live", "/metrics", "/schema"])
def test_every_answer_shields_whoever_reads_it_in_a_browser(client: Client, path: str) -> None:
    answer = client.get(path, headers={"Origin": "https://evil.example"})
    for name, value in SHIELD.items():
        assert answer.headers[name.decode()] == value.decode()
    assert not [name for name in answer.headers if name.startswith("access-control")]
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    told = client.options("/feed-actions", headers=preflight)
    assert not [name for name in told.headers if name.startswith("access-control")]


def test_no_page_of_another_site_writes_through_a_browser_on_this_machine(client: Client) -> None:
    action = json.dumps({"user_id": 1, "post_id": 1, "action": "like"})
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert client.post("/feed-actions", content=action, headers=headers).status_code == 403
    assert client.post("/feed-actions", content=action).status_code == 503  # there is no database


def test_another_address_without_keys_is_refused_at_the_start(published: Settings, tmp_path: Path) -> None:
    elsewhere = Settings(home=tmp_path, api=ApiSettings(host="0.0.0.0"))
    with pytest.raises(SettingsError, match="feedrank keys create"):
        refuse_unguarded(elsewhere)
    key, _ = create(elsewhere.keys_folder, "web", ["recommend"])
    refuse_unguarded(elsewhere)
    with pytest.raises(SettingsError, match=r"api.ask_keys = false"):
        refuse_unguarded(Settings(home=tmp_path, api=ApiSettings(host="0.0.0.0", ask_keys=False)))
    revoke(elsewhere.keys_folder, key.id)
    with running(elsewhere, FEEDRANK_API__HOST="0.0.0.0") as service:
        assert service.process.wait(timeout=30) == 1
        assert "'0.0.0.0' can be reached from other machines" in service.lines()[-1]


def test_heads_and_bodies_have_an_end(published: Settings) -> None:
    with running(published) as service:
        eventually(lambda: service.answers("/health/ready", 200))
        host, port = "127.0.0.1", int(service.url.rpartition(":")[2])
        with socket.create_connection((host, port), timeout=10) as endless:
            endless.sendall(b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-long: ")
            told = b""
            try:
                for _ in range(4 * LARGEST_HEAD // 1024):
                    endless.sendall(b"a" * 1024)
                    endless.settimeout(0.002)
                    try:
                        told = endless.recv(4096)
                        break
                    except TimeoutError:
                        endless.settimeout(10)
            except OSError:  # it has closed on us
                pass
            assert told.startswith(b"HTTP/1.1 431 "), told
        answer = service.client.get("/health/live", headers={"X-Long": "a" * (LARGEST_HEAD // 2)})
        assert answer.status_code == 200
        assert "server" not in answer.headers
        too_large = service.client.post("/feed-actions", content=b" " * (LARGEST_BODY + 1))
        assert too_large.status_code == 413


def test_who_does_not_send_a_whole_request_is_not_waited_for(published: Settings) -> None:
    impatient = "import api.access.connections as c; c.ARRIVAL = 0.3; from api.__main__ import main; main()"
    with running(published, "-c", impatient) as service:
        port = int(service.url.rpartition(":")[2])
        slow = b"POST /feed-actions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"
        for sent in (b"", b"GET /health/live HTT", slow):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as waiting:
                waiting.sendall(sent)
                assert waiting.recv(4096) == b"", sent
        with socket.create_connection(("127.0.0.1", port), timeout=10) as patient:  # the rest may follow in pieces
            for piece in (b"GET /health/live HTTP/1.1\r\n", b"host: x\r\n", b"\r\n"):
                patient.sendall(piece)
            assert patient.recv(4096).startswith(b"HTTP/1.1 200 ")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "feedrank")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return file


def test_with_a_certificate_it_speaks_tls_alone_and_our_own_commands_find_it(
    published: Settings, certificate: Path
) -> None:
    with running(published, FEEDRANK_API__CERTFILE=str(certificate)) as service:
        eventually(lambda: service.answers("/health/ready", 200))
        with pytest.raises(httpx.TransportError):
            httpx.get(service.url.replace("https", "http"), timeout=5)
        api = ApiSettings(port=int(service.url.rpartition(":")[2]), certfile=certificate)
        found = list(check_service(published.model_copy(update={"api": api})))
        assert [finding.level for finding in found] == ["ok"]
    with pytest.raises(SettingsError, match=r"api\.keyfile belongs to a certificate"):
        load_settings(api={"keyfile": certificate})
