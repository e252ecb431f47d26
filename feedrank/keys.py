"""`feedrank keys`: who may use the API. Running services take changes up by themselves, within a second."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.table import Table

from api.access import keys
from api.access.keys import Scope
from core.settings import load_settings
from feedrank.terminal import err, out

app = App(name="keys")


@app.command
def create(
    name: str,
    /,
    *,
    scope: Annotated[list[Scope], Parameter(negative=())],
    rate: Annotated[float | None, Parameter(validator=Number(gt=0))] = None,
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
    err.print(f"key {key.name} ({' and '.join(key.scopes)}); this is its token, keep it now:", highlight=False)
    out.print(token, markup=False, highlight=False, soft_wrap=True)


@app.command(name="list")
def list_all() -> None:
    """All keys, the oldest first; their tokens are nowhere."""
    folder = load_settings().keys_folder
    table = Table("name", "id", "scopes", "requests a second", "created (UTC)")
    for key in keys.read(folder).values():
        rate = "" if key.rate is None else f"{key.rate:g}"
        table.add_row(key.name, key.id, " ".join(key.scopes), rate, f"{key.created_at:%Y-%m-%d %H:%M}")
    out.print(table)


@app.command
def revoke(name: str, /) -> None:
    """Take a key back; running services refuse it within a second.

    Parameters
    ----------
    name
        Its name or id.
    """
    key = keys.revoke(load_settings().keys_folder, name)
    out.print(f"key {key.name} is revoked", highlight=False)
