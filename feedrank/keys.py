"""`feedrank keys`: who may use the API. Running services take changes up by themselves, within a second."""

from typing import Annotated, Any

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.table import Column, Table

from api.access import keys
from api.access.keys import Key, Scope
from core.settings import load_settings
from feedrank.terminal import Json, err, out, print_json

app = App(name="keys")


@app.command
def create(
    name: str,
    /,
    *,
    scope: Annotated[list[Scope], Parameter(negative=())],
    rate: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
    as_json: Json = False,
) -> None:
    """Make a key and print its token, which is kept nowhere and shown this once.

    Parameters
    ----------
    name
        Whose it is, such as: web, prometheus, anna.
    scope
        What it may do: recommend (read everything), write (feed actions), operate (change what is served). Repeat it
        for several.
    rate
        Requests a second that it may send to a worker; by default what api.rate_limit says.
    """
    settings = load_settings()
    key, token = keys.create(settings.keys_folder, name, scope, rate)
    if as_json:
        print_json({**_line(key), "token": token})
        return
    err.print(f"key {key.name} ({' and '.join(key.scopes)}); this is its token, keep it now:", highlight=False)
    out.print(token, markup=False, highlight=False, soft_wrap=True)


@app.command(name="list")
def list_all(*, as_json: Json = False) -> None:
    """All keys, the oldest first; their tokens are nowhere."""
    found = keys.read(load_settings().keys_folder).values()
    if as_json:
        for key in found:
            print_json(_line(key))
        return
    table = Table("name", "id", "scopes", Column("requests a second", justify="right"), "created (UTC)")
    for key in found:
        rate = "" if key.rate is None else f"{key.rate:g}"
        table.add_row(key.name, key.id, " ".join(key.scopes), rate, f"{key.created_at:%Y-%m-%d %H:%M}")
    out.print(table)


@app.command
def revoke(name: str, /, *, as_json: Json = False) -> None:
    """Take a key back; running services refuse it within a second.

    Parameters
    ----------
    name
        Its name or id.
    """
    key = keys.revoke(load_settings().keys_folder, name)
    if as_json:
        print_json(_line(key))
        return
    out.print(f"key {key.name} is revoked", highlight=False)


def _line(key: Key) -> dict[str, Any]:
    """A key, without what its token is compared with."""
    return {name: getattr(key, name) for name in ("name", "id", "scopes", "rate", "created_at")}
