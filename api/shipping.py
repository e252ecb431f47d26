"""The way of exposures into PostgreSQL: lines of JSON, one transaction a segment, each request id once."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError

from core.errors import SourceError
from core.settings import Settings
from experiments.exposures import FIELDS
from warehouse.source_tables import EXPOSURES, migrate, qualified, transaction, writing_engine

LIMIT = 10.0  # seconds that one segment may take


class Shipping:
    """Writes exposures to the table, which it creates before the first of them.

    Raises:
        SettingsError: source.dsn is not set or cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = writing_engine(settings, LIMIT, connections=1)
        self._prepared = False
        columns = ", ".join(FIELDS)
        table = qualified(settings, EXPOSURES)
        self._insert = text(
            f"INSERT INTO {table} ({columns}) "
            f"SELECT {columns} FROM json_populate_recordset(NULL::{table}, CAST(:rows AS json)) "
            "ON CONFLICT (request_id) DO NOTHING"
        )

    def prepare(self) -> None:
        """Create the tables if they are missing.

        Raises:
            SourceUnreachable: the database does not answer.
            SourceError: they are missing and the role may not create them.
        """
        if not self._prepared:
            migrate(self._settings)
            self._prepared = True

    def ship(self, lines: Sequence[bytes]) -> list[bytes]:
        """Write lines, those that are there already left as they are; return those that the table does not take.

        Raises:
            SourceUnreachable: the database does not answer; ship them again.
            SourceError: the role may not write.
        """
        if not lines:
            return []
        self.prepare()
        try:
            with transaction(self._settings, self._engine) as connection:
                connection.execute(self._insert, {"rows": f"[{b','.join(lines).decode()}]"})
        except (DataError, IntegrityError):
            if len(lines) == 1:
                return list(lines)
            half = len(lines) // 2
            return self.ship(lines[:half]) + self.ship(lines[half:])
        except SourceError:
            self._prepared = False  # the tables may be gone
            raise
        return []

    def close(self) -> None:
        self._engine.dispose()
