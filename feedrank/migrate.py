"""`feedrank migrate`: the tables that the API keeps in the source's database."""

from core.settings import load_settings
from feedrank.terminal import Json, out, print_json
from warehouse.source_tables import CHANGES, EXPOSURES, IDEMPOTENCY
from warehouse.source_tables import migrate as create_or_update


def migrate(*, grant: str | None = None, grant_copy: str | None = None, as_json: Json = False) -> None:
    """Create our tables in source.db_schema: what was shown, idempotency keys, and the ledger of experiments.

    Running it again changes nothing. The API does it by itself if its role may. If not, run this once with the
    address of a role that may.

    Parameters
    ----------
    grant
        The API's role: it may then write what was shown and answered, and read who is in which experiment.
    grant_copy
        The role of the copy: it may then read what was shown.
    """
    changed = create_or_update(load_settings(), grant=grant, grant_copy=grant_copy)
    tables = (EXPOSURES, IDEMPOTENCY, CHANGES)
    if as_json:
        print_json({"changed": bool(changed), "tables": tables})
        return
    told = f"{', '.join(tables[:-1])} and {tables[-1]} {'are created' if changed else 'were up to date'}"
    out.print(told, highlight=False, soft_wrap=True)
