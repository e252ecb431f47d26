"""What a home folder keeps of its simulated network: the truth about likes, and up to when the network has lived."""

from io import BytesIO
from pathlib import Path

import msgspec
import polars as pl

from core.clock import Clock
from core.columns import ACTION, LIKE, POST_ID, USER_ID
from core.errors import ServiceError
from core.files import replace_file
from core.settings import Settings
from feedrank.rehearsal import ShownTruth
from simulation.liked import LikedPairs
from simulation.settings import plain
from simulation.truth import Truth
from simulation.world import World
from warehouse.connection import literal
from warehouse.source import inspect_source
from warehouse.source_tables import transaction, writing_engine

FOLDER = "world"
CLOCK = "clock"
SHOWN = "shown.json"
QUERY_LIMIT = 60.0  # seconds that reading all likes may take


def keep_world(settings: Settings, world: World) -> None:
    """Keep the truth of `world`, which has lived to the end of its settings. Call it before the database is filled:
    a network without a truth cannot be rehearsed with, a truth without a network is replaced.
    """
    folder = settings.home / FOLDER
    world.truth.save(folder)
    for name in (CLOCK, SHOWN):
        (folder / name).unlink(missing_ok=True)
    with Clock(folder / CLOCK, plain(world.settings.end)):
        pass


def has_world(settings: Settings) -> bool:
    """Whether this home knows the truth about its network."""
    return clock_file(settings).exists()


def load_truth(settings: Settings) -> Truth:
    """The truth about the home's network.

    Raises:
        ServiceError: it is not a simulated network, or was made before truths were kept.
    """
    if not has_world(settings):
        raise ServiceError(
            f"{settings.home.absolute()} does not know the truth about its network, which only simulated ones have; "
            "set FEEDRANK_HOME to a folder that feedrank demo or feedrank simulate has used, or to a new one for a demo"
        )
    return Truth.load(settings.home / FOLDER)


def clock_file(settings: Settings) -> Path:
    """The file that says up to when the network has lived; see `core.clock`."""
    return settings.home / FOLDER / CLOCK


def shown_so_far(settings: Settings) -> dict[str, ShownTruth]:
    """What is true of all that rehearsals have shown, by the salt of the experiment."""
    file = settings.home / FOLDER / SHOWN
    return msgspec.json.decode(file.read_bytes(), type=dict[str, ShownTruth]) if file.exists() else {}


def keep_shown(settings: Settings, shown: dict[str, ShownTruth]) -> None:
    """Replace it."""
    replace_file(settings.home / FOLDER / SHOWN, msgspec.json.encode(shown))


def known_likes(settings: Settings, truth: Truth) -> LikedPairs:
    """Who has liked what, from the network's database.

    Raises:
        SourceUnreachable, SourceMismatch, SourceError: it cannot be read.
    """
    events = inspect_source(settings).events
    columns = ", ".join(events.columns[name].postgres for name in (USER_ID, POST_ID))
    query = f"SELECT {columns} FROM {events.qualified} WHERE {events.columns[ACTION].postgres} = {literal(LIKE)}"
    rows = BytesIO()
    engine = writing_engine(settings, QUERY_LIMIT, connections=1)
    try:
        with transaction(settings, engine) as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            with driver.cursor() as cursor:
                cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv)", rows)
    finally:
        engine.dispose()
    rows.seek(0)
    schema = {USER_ID: pl.Int64, POST_ID: pl.Int64}
    found = (
        pl.read_csv(rows, has_header=False, schema=schema) if rows.getbuffer().nbytes else pl.DataFrame(schema=schema)
    )
    users, posts = truth.user_rows(found[USER_ID].to_numpy()), truth.post_rows(found[POST_ID].to_numpy())
    known = (users >= 0) & (posts >= 0)
    pairs = LikedPairs(len(truth.user_ids), len(truth.post_ids))
    pairs.add(users[known], posts[known])
    return pairs
