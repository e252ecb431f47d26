"""Opening the warehouse, and the small SQL tools that every module here shares.

The warehouse is one file of DuckDB's, or a DuckLake: tables in Parquet files on object storage, and what belongs to
which version of which table in a PostgreSQL. Its tables have the same names, and the same SQL works on both; it has no
enums and no primary keys, so an action is a text there, and rows are replaced with MERGE.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from core.errors import FeedrankError, SettingsError, WarehouseBusy, WarehouseUnreachable
from core.settings import Settings, plain_dsn
from warehouse import postgres_address

Config = dict[str, str | bool | int | float | list[str]]
LAKE = "lake"  # the name under which a DuckLake is attached
# an event takes 4.3 bytes in its files, with DuckLake's own choice 12.2
PARQUET = {"parquet_version": "2", "parquet_compression": "zstd"}
CATALOG = "warehouse.catalog"


def is_lake(settings: Settings) -> bool:
    """Whether the warehouse is a DuckLake."""
    return settings.warehouse.catalog is not None


def connect(settings: Settings, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open the warehouse under the limits of the settings; unless `read_only`, create what is missing in it.

    DuckDB lets one process write to a file. Whoever writes holds `warehouse_lock` around this, so that a second run
    waits instead of failing here. A lake's readers see its last commit while others write.

    Raises:
        WarehouseBusy: another process has the file open.
        WarehouseUnreachable: the lake's catalogue or its files do not answer.
        FeedrankError: `read_only`, and there is no warehouse yet.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    config = _limits(settings)
    if is_lake(settings):
        connection = duckdb.connect(config=config)
        attach_lake(connection, settings, read_only=read_only)
        connection.execute(f"USE {LAKE}")
    else:
        connection = _open_file(settings, config, read_only=read_only)
    connection.execute("SET TimeZone = 'UTC'")
    if not read_only:
        schema = read_sql("warehouse", "schema")
        connection.execute(schema.replace("ENUM ('view', 'like')", "VARCHAR") if is_lake(settings) else schema)
    return connection


def connect_draft(settings: Settings, file: Path) -> duckdb.DuckDBPyConnection:
    """Open the tables of a snapshot under construction, under the same limits."""
    return duckdb.connect(str(file), config=_limits(settings))


def _limits(settings: Settings) -> Config:
    limits = settings.warehouse
    config: Config = {"memory_limit": limits.memory_limit, "temp_directory": str(settings.spill_folder)}
    if limits.threads is not None:
        config["threads"] = limits.threads
    return config


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Keep all that the block does, or nothing of it where it ends with an exception."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """How many rows there are in a relation."""
    return int(connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])


def reading_beside(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A cursor for another thread, which sees what is committed; unlike a plain one it finds a lake's tables."""
    cursor = connection.cursor()
    if cursor.execute("FROM duckdb_databases() WHERE database_name = ?", [LAKE]).fetchone() is not None:
        cursor.execute(f"USE {LAKE}")
    return cursor


def _open_file(settings: Settings, config: Config, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    file = settings.warehouse_file
    if read_only and not file.exists():
        raise FeedrankError(f"there is no warehouse at {file}; run a copy first, or set FEEDRANK_HOME to where it is")
    try:
        return duckdb.connect(str(file), read_only=read_only, config=config)
    except duckdb.IOException as error:
        if "lock" not in str(error):
            raise
        raise WarehouseBusy(f"another process has {file} open; wait until it ends, or stop it: {error}") from None


def attach_lake(connection: duckdb.DuckDBPyConnection, settings: Settings, *, read_only: bool) -> None:
    """Attach the DuckLake of the settings under the name `LAKE`, and make its storage reachable.

    Raises:
        WarehouseUnreachable: the catalogue or the files do not answer, or `read_only` and there is no lake yet.
    """
    for extension in ("postgres_scanner", "httpfs", "ducklake"):
        load_extension(connection, extension)
    store = settings.object_store
    if store.key_id is not None and store.secret is not None:
        words = {"KEY_ID": store.key_id, "SECRET": store.secret.get_secret_value(), "REGION": store.region}
        if store.endpoint is not None:
            words["ENDPOINT"] = urlsplit(store.endpoint).netloc
        words["URL_STYLE"] = store.url_style
        told = ", ".join(f"{name} {literal(value)}" for name, value in words.items())
        plain = store.endpoint is not None and store.endpoint.startswith("http://")
        connection.execute(f"CREATE SECRET object_store (TYPE s3, {told}, USE_SSL {not plain})")
    options = f"DATA_PATH {literal(str(settings.warehouse.data_path))}{', READ_ONLY' if read_only else ''}"
    where = "ducklake:postgres:" + postgres_address.libpq(postgres_address.parse(catalog_dsn(settings), CATALOG))
    try:
        connection.execute(f"ATTACH {literal(where)} AS {LAKE} ({options})")
    except duckdb.Error as error:
        raise WarehouseUnreachable(
            f"cannot open the DuckLake: {without_catalog(settings, str(error))}; check warehouse.catalog and "
            "warehouse.data_path; a new one is made by the first copy"
        ) from None
    if not read_only:
        chosen = {name for (name, *_) in connection.execute(f"FROM {LAKE}.options()").fetchall()}
        for name in PARQUET.keys() - chosen:
            connection.execute(f"CALL {LAKE}.set_option({literal(name)}, {literal(PARQUET[name])})")


def catalog_dsn(settings: Settings) -> str:
    """The address of the lake's catalogue.

    Raises:
        SettingsError: the warehouse is no lake, or that is no address.
    """
    if settings.warehouse.catalog is None:
        raise SettingsError(f"{CATALOG} is not set: the warehouse is a file, not a DuckLake")
    return plain_dsn(settings.warehouse.catalog, CATALOG)


def without_catalog(settings: Settings, message: str) -> str:
    """`message` without the catalogue's address and password, and without the storage's secret."""
    if settings.object_store.secret is not None:
        message = message.replace(settings.object_store.secret.get_secret_value(), "***")
    if not is_lake(settings):
        return message
    dsn = catalog_dsn(settings)
    return postgres_address.without(postgres_address.parse(dsn, CATALOG), dsn, message)


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension of DuckDB's from its Python package: nothing is installed or fetched."""
    package = resources.files(f"duckdb_extension_{name}")
    file = package.joinpath("extensions", f"v{duckdb.__version__}", f"{name}.duckdb_extension")
    connection.execute(f"LOAD {literal(str(file))}")


def read_sql(package: str, name: str) -> str:
    """The text of `<package>/sql/<name>.sql`."""
    return resources.files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def identifier(name: str) -> str:
    """`name` quoted as an identifier, for DuckDB and PostgreSQL alike."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` quoted as a string, where a statement takes no bound values."""
    return "'" + text.replace("'", "''") + "'"
