"""Keys at rest, limits by a clock of the test's own, and which addresses and pages count as ours."""

import hashlib
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access.addresses import is_foreign, is_own, site_of
from api.access.browsers import SHIELD, is_made_by_other_site, shielded
from api.access.keyring import Keyring
from api.access.keys import create, find, read, revoke
from api.access.limits import REMEMBERED, Limiter
from core.errors import AccessError


def test_a_token_is_kept_as_a_hash_for_its_owner_s_eyes_only(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    key, token = create(folder, "web", ["write", "recommend"])
    [file] = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token not in file.read_text()
    assert token.split("_", 2)[2] not in file.read_text()
    assert key.sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert key.scopes == ("recommend", "write")
    assert len(token) == len("feedrank_") + 8 + 1 + 43  # 32 bytes as base64 without padding
    assert read(folder) == {key.id: key}
    assert find(read(folder), token.encode()) == key


def test_nothing_but_the_token_finds_a_key(tmp_path: Path) -> None:
    key, token = create(tmp_path, "web", ["recommend"])
    _, other = create(tmp_path, "batch", ["recommend"])
    keys = read(tmp_path)
    swapped = f"feedrank_{key.id}_{other.split('_', 2)[2]}"
    last = "A" if token[-1] != "A" else "B"
    for wrong in ("", key.id, key.sha256, swapped, token[:-1], token[:-1] + last, token + "A", token.upper(), "\xff"):
        assert find(keys, wrong.encode("latin-1")) is None
    revoke(tmp_path, "web")
    assert find(read(tmp_path), token.encode()) is None
    assert find(read(tmp_path), other.encode()) is not None


def test_what_makes_no_sense_is_refused_by_name(tmp_path: Path) -> None:
    create(tmp_path, "web", ["recommend"])
    for name, scopes, told in (("web", ["write"], "'web' already"), ("../x", ["write"], "'../x'"), ("b", [], "scope")):
        with pytest.raises(AccessError, match=told):
            create(tmp_path, name, scopes)  # type: ignore[arg-type]
    with pytest.raises(AccessError, match="no key 'nobody'; there are: web"):
        revoke(tmp_path, "nobody")
    (tmp_path / "0a0a0a0a.json").write_text("{}")
    with pytest.raises(AccessError, match=r"0a0a0a0a\.json is no key"):
        Keyring(tmp_path)


def test_a_running_service_sees_changes_and_a_folder_that_is_gone_lets_nobody_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.access.keyring.LOOK", 0.0)
    folder = tmp_path / "keys"
    ring = Keyring(folder)
    assert not ring.keys()
    assert not ring.exists
    key, _ = create(folder, "web", ["recommend"])
    assert set(ring.keys()) == {key.id}
    (folder / "0a0a0a0a.json").write_text("{}")  # and what cannot be read changes nothing
    assert set(ring.keys()) == {key.id}
    (folder / "0a0a0a0a.json").unlink()
    revoke(folder, key.id)
    folder.rmdir()
    assert not ring.keys()
    assert ring.exists


@given(st.floats(0.1, 1000), st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_nobody_gets_more_than_a_second_s_worth_at_once_and_the_rate_after_it(rate: float, gaps: list[float]) -> None:
    limiter, now, admitted = Limiter(), 0.0, []
    for gap in gaps:
        now += gap
        wait = limiter.wait("a", rate, now)
        if wait:
            assert limiter.wait("a", rate, now + wait * 0.99 - 1e-6) > 0  # not before it was told
            now += wait
            assert limiter.wait("a", rate, now) == 0  # and then for certain
        admitted.append(now)
    burst = max(1.0, rate)
    for first, since in enumerate(admitted):
        for last in range(first, len(admitted)):
            assert last - first + 1 <= burst + (admitted[last] - since) * rate + 1 + 1e-3


def test_one_who_asks_too_often_is_in_nobody_s_way_and_no_army_fills_the_memory() -> None:
    limiter = Limiter()
    assert [limiter.wait("a", 2, 0.0) > 0 for _ in range(3)] == [False, False, True]
    assert limiter.wait("b", 2, 0.0) == 0
    for number in range(2 * REMEMBERED):
        assert limiter.wait(number, 2, 1.0) == 0
    assert len(limiter._next) <= REMEMBERED


def test_this_machine_s_own_addresses() -> None:
    for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost", "::ffff:127.0.0.1"):
        assert is_own(host), host
        assert not is_foreign(host), host
    for host in ("0.0.0.0", "::", "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1", "fe80::1%eth0"):
        assert not is_own(host), host
        assert is_foreign(host), host
    for host in ("", "example.org"):  # a name to listen on may be any address, the end of a connection is never one
        assert not is_own(host), host
    assert site_of("2001:db8::1") == site_of("2001:db8::ffff:1") != site_of("2001:db8:0:1::1")
    assert site_of("10.0.0.1") != site_of("10.0.0.2")


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),  # a program
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://here:8000"}, True),
        ({"origin": "http://here:8000"}, False),
        ({"origin": "http://evil.example"}, True),
        ({"origin": "http://here:8001"}, True),
        ({"origin": "null"}, True),
        ({"origin": "http://[x"}, True),
    ],
)
def test_what_other_sites_make_browsers_send(headers: dict[str, str], foreign: bool) -> None:
    raw = [(b"host", b"here:8000"), *((name.encode(), value.encode()) for name, value in headers.items())]
    assert is_made_by_other_site({"method": "POST", "headers": raw}) is foreign
    assert not is_made_by_other_site({"method": "GET", "headers": raw})


def test_an_answer_s_own_headers_stay() -> None:
    own = (b"content-security-policy", b"default-src 'self'")
    found = shielded([own, (b"content-type", b"text/html")], 200)
    assert len(found) == len({name for name, _ in found}) == len(SHIELD) + 1
    assert own in found
    assert dict(shielded([], 401))[b"www-authenticate"].startswith(b"Bearer")
