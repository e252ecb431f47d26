"""`feedrank migrate`: the tables that the API keeps in the source's database."""

from core.settings import load_settings
from feedrank.terminal import Json, out, print_json
from warehouse.source_tables import CHANGES, EXPOSURES, IDEMPOTENCY
from warehouse.source_tables import migrate as create_or_update


def migrate(*, grant: str | None = None, as_json: Json = False) -> None:
    """Create our tables in source.db_schema: what was shown, idempotency keys, and the ledger of experiments.

    Running it again changes nothing. The API does it by itself if its role may. If not, run this once with the
    address of a role that may.

    Parameters
    ----------
    grant
        A role that may then use the tables, such as the API's.
    """
    changed = create_or_update(load_settings(), grant=grant)
    tables = (EXPOSURES, IDEMPOTENCY, CHANGES)
    if as_json:
        print_json({"changed": bool(changed), "tables": tables})
        return
    told = f"{', '.join(tables[:-1])} and {tables[-1]} {'are created' if changed else 'were up to date'}"
    out.print(told, highlight=False, soft_wrap=True)
