"""A PostgreSQL address: as libpq takes it, as it may be told, and out of messages."""

from urllib.parse import quote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from core.errors import SettingsError


def parse(dsn: str, setting: str) -> URL:
    """The address as SQLAlchemy takes it.

    Raises:
        SettingsError: it cannot be read; names `setting`.
    """
    try:
        return make_url(dsn).set(drivername="postgresql+psycopg2")
    except (SQLAlchemyError, ValueError):  # their texts may carry parts of the password
        raise SettingsError(
            f"{setting} cannot be read; it must look like postgresql://user:password@host:5432/name, with special "
            "characters of user and password percent-encoded"
        ) from None


def libpq(url: URL) -> str:
    """The address as libpq's list of keywords: its own reading of an address is stricter than SQLAlchemy's."""
    words = {"host": url.host, "port": url.port, "dbname": url.database, "user": url.username, "password": url.password}
    words.update({name: value if isinstance(value, str) else ",".join(value) for name, value in url.query.items()})
    return " ".join(f"{name}={_quoted(str(value))}" for name, value in words.items() if value is not None)


def describe(url: URL) -> str:
    """Where that is, without its password."""
    host = url.host or url.query.get("host") or "a local socket"
    return f"host {host}, port {url.port or 5432}, database {url.database!r}, user {url.username!r}"


def without(url: URL, dsn: str, message: str) -> str:
    """`message` without the address and its password, however either is written in it."""
    for address in (dsn, libpq(url)):
        message = message.replace("'" + address.replace("'", "''") + "'", "***").replace(address, "***")
    for secret in (url.password, url.query.get("password"), url.query.get("sslpassword")):
        if isinstance(secret, str) and secret:
            message = message.replace(secret, "***").replace(quote(secret, safe=""), "***")
    return message


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
