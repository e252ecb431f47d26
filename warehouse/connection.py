"""Opening the warehouse, and the small SQL tools that every module here shares."""

from importlib import resources

import duckdb

from core.errors import FeedrankError, WarehouseBusy
from core.settings import Settings


def connect(settings: Settings, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open `warehouse.duckdb` under the limits of the settings; unless `read_only`, create what is missing in it.

    DuckDB lets one process write. Whoever writes holds `warehouse_lock` around this, so that a second run waits
    instead of failing here.

    Raises:
        WarehouseBusy: another process has the file open.
        FeedrankError: `read_only`, and there is no warehouse yet.
    """
    file = settings.warehouse_file
    if read_only and not file.exists():
        raise FeedrankError(f"there is no warehouse at {file}; run a copy first, or set FEEDRANK_HOME to where it is")
    file.parent.mkdir(parents=True, exist_ok=True)
    limits = settings.warehouse
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": limits.memory_limit,
        "temp_directory": str(settings.spill_folder),
    }
    if limits.threads is not None:
        config["threads"] = limits.threads
    try:
        connection = duckdb.connect(str(file), read_only=read_only, config=config)
    except duckdb.IOException as error:
        if "lock" not in str(error):
            raise
        raise WarehouseBusy(f"another process has {file} open; wait until it ends, or stop it: {error}") from None
    connection.execute("SET TimeZone = 'UTC'")
    if not read_only:
        connection.execute(read_sql("warehouse", "schema"))
    return connection


def read_sql(package: str, name: str) -> str:
    """The text of `<package>/sql/<name>.sql`."""
    return resources.files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def identifier(name: str) -> str:
    """`name` quoted as an identifier, for DuckDB and PostgreSQL alike."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` quoted as a string, where a statement takes no bound values."""
    return "'" + text.replace("'", "''") + "'"
