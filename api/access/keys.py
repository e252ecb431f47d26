"""API keys: made here, kept as hashes, one small file a key in `home/keys`.

A token is `feedrank_ID_SECRET`. The id is public and finds the file; the secret is 256 random bits. Nobody tries that
many, so its hash need not be slow: SHA-256 is enough, as NIST SP 800-63B says of secrets of at least 112 random bits
(look-up secret verifiers). Hashes are compared in the same time wherever they differ.

A file never changes, and making or revoking a key is one step of the file system, so nothing needs a lock.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, get_args

import msgspec
from msgspec import Struct

from core.errors import AccessError
from core.files import replace_file

Scope = Literal["recommend", "write", "operate"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
MEANINGS: Final[dict[Scope, str]] = {
    "recommend": "read: recommendations, users, posts, reports, metrics, this description",
    "write": "write what users did",
    "operate": "change what is served",
}

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOKEN: Final = re.compile(rb"feedrank_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700


class Key(Struct, frozen=True, kw_only=True):
    """One key, as its file has it."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    rate: float | None = None  # requests a second; None: as the settings say
    created_at: datetime
    sha256: str  # of the whole token, in hex

    def may(self, scope: Scope) -> bool:
        """Whether it has the scope; none contains another."""
        return scope in self.scopes


def create(folder: Path, name: str, scopes: Collection[Scope], rate: float | None = None) -> tuple[Key, str]:
    """Make a key; with it its token, which is nowhere else.

    Raises:
        AccessError: the name is taken or none, or the key may do nothing.
        OSError: the folder cannot be written to.
    """
    if not NAME.fullmatch(name):
        raise AccessError(f"{name!r} is no name of a key; take up to 64 letters, digits, dots, dashes and underscores")
    if not scopes:
        raise AccessError(f"key {name!r} would be of no use; give it a scope: {', '.join(SCOPES)}")
    if any(key.name == name for key in read(folder).values()):
        raise AccessError(f"there is a key {name!r} already; take another name, or feedrank keys revoke {name}")
    key_id = secrets.token_hex(4)
    token = f"feedrank_{key_id}_{secrets.token_urlsafe(32)}"
    key = Key(
        id=key_id,
        name=name,
        scopes=tuple(scope for scope in SCOPES if scope in scopes),
        rate=rate,
        created_at=datetime.now(UTC).replace(microsecond=0),
        sha256=hashlib.sha256(token.encode()).hexdigest(),
    )
    folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
    replace_file(_file(folder, key_id), msgspec.json.encode(key), mode=_PRIVATE_FILE)
    return key, token


def read(folder: Path) -> dict[str, Key]:
    """All keys by id, the oldest first; none where there is no folder.

    Raises:
        AccessError: a file is no key.
        OSError: a file may not be read.
    """
    found = []
    for file in folder.glob("[0-9a-f]*.json"):
        try:
            key = msgspec.json.decode(file.read_bytes(), type=Key)
        except FileNotFoundError:  # revoked just now
            continue
        except msgspec.DecodeError as error:
            raise AccessError(f"{file} is no key: {error}; remove it, and make another") from None
        if key.id != file.stem:
            raise AccessError(f"{file} holds key {key.id}; remove it, and make another")
        found.append(key)
    return {key.id: key for key in sorted(found, key=lambda key: (key.created_at, key.name))}


def revoke(folder: Path, name: str) -> Key:
    """Remove a key by its name or id; running services refuse it within a second.

    Raises:
        AccessError: there is none.
    """
    known = read(folder)
    found = [key for key in known.values() if name in (key.name, key.id)]
    if not found:
        names = ", ".join(key.name for key in known.values()) or "none"
        raise AccessError(f"there is no key {name!r}; there are: {names}")
    _file(folder, found[0].id).unlink(missing_ok=True)
    return found[0]


def find(keys: Mapping[str, Key], token: bytes) -> Key | None:
    """The key that a token is of; None if it is of none."""
    told = _TOKEN.fullmatch(token)
    key = None if told is None else keys.get(told[1].decode())
    if key is None or not hmac.compare_digest(hashlib.sha256(token).hexdigest(), key.sha256):
        return None
    return key


def _file(folder: Path, key_id: str) -> Path:
    return folder / f"{key_id}.json"
