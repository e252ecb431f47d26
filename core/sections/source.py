"""`[source]`: the network's PostgreSQL, and where our tables and columns are in it."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from core.columns import ACTION, EVENT_TIME, POST_ID, TEXT, TOPIC, USER_ID
from core.errors import SettingsError
from core.sections.section import Section

SETTINGS_FILE = "feedrank.toml"


class TableMapping(Section):
    """Where one of our tables lives in the source, and what its columns are called there.

    `columns` maps our name to theirs. A source column may serve one name only.
    """

    table: str = Field(min_length=1)
    columns: dict[str, str]

    @model_validator(mode="after")
    def _each_source_column_once(self) -> Self:
        seen: dict[str, str] = {}
        for ours, theirs in self.columns.items():
            if theirs in seen:
                raise ValueError(
                    f"column {theirs!r} of table {self.table!r} is mapped twice, to {seen[theirs]!r} and to {ours!r}; "
                    "map it once"
                )
            seen[theirs] = ours
        return self


class TableChanges(Section):
    """What differs from a preset's mapping: the table's name, and single columns by our name."""

    table: str | None = Field(None, min_length=1)
    columns: dict[str, str] = Field(default_factory=dict)


SourceTable = Literal["users", "posts", "events"]
REQUIRED_COLUMNS: dict[SourceTable, tuple[str, ...]] = {
    "users": (USER_ID,),
    "posts": (POST_ID, TEXT, TOPIC),
    "events": (USER_ID, POST_ID, ACTION, EVENT_TIME),
}

PRESETS: dict[str, dict[SourceTable, TableMapping]] = {
    "feed_action": {
        "users": TableMapping(table="user", columns={USER_ID: "id"}),
        "posts": TableMapping(table="post", columns={POST_ID: "id", TEXT: "text", TOPIC: "topic"}),
        "events": TableMapping(
            table="feed_action",
            columns={USER_ID: "user_id", POST_ID: "post_id", ACTION: "action", EVENT_TIME: "time"},
        ),
    },
    "feed_data": {
        "users": TableMapping(table="user_data", columns={USER_ID: "user_id"}),
        "posts": TableMapping(table="post_text_df", columns={POST_ID: "post_id", TEXT: "text", TOPIC: "topic"}),
        "events": TableMapping(
            table="feed_data",
            columns={USER_ID: "user_id", POST_ID: "post_id", ACTION: "action", EVENT_TIME: "timestamp"},
        ),
    },
}


def plain_dsn(dsn: SecretStr, setting: str) -> str:
    """A PostgreSQL address in the plain `postgresql://` form.

    Raises:
        SettingsError: it is none; names `setting`.
    """
    scheme, _, rest = dsn.get_secret_value().partition("://")
    if scheme.split("+")[0] not in {"postgresql", "postgres"} or not rest:
        raise SettingsError(
            f"{setting} is not a PostgreSQL address; it must look like postgresql://user:password@host:5432/name"
        )
    return f"postgresql://{rest}"


class SourceSettings(Section):
    """The network's PostgreSQL: where it is and which shape its tables have.

    A preset fills the mapping; `users`, `posts` and `events` replace the table's name and single columns of it.
    """

    dsn: SecretStr | None = None
    db_schema: str = "public"
    preset: Literal["feed_action", "feed_data"] = "feed_action"
    users: TableChanges = TableChanges()
    posts: TableChanges = TableChanges()
    events: TableChanges = TableChanges()

    @model_validator(mode="after")
    def _mapping_is_complete(self) -> Self:
        for table in REQUIRED_COLUMNS:
            self.mapping(table)
        return self

    def mapping(self, table: SourceTable) -> TableMapping:
        """The preset's mapping of `table` with this configuration's changes laid over it.

        Raises:
            ValueError: a name that is not ours is mapped, or a source column is mapped twice.
        """
        preset = PRESETS[self.preset][table]
        changes: TableChanges = getattr(self, table)
        columns = {**preset.columns, **changes.columns}
        if unknown := set(columns) - set(REQUIRED_COLUMNS[table]):
            raise ValueError(
                f"source.{table}.columns maps {sorted(unknown)}, which are not names of ours; "
                f"known are {list(REQUIRED_COLUMNS[table])} (further user columns need no mapping)"
            )
        return TableMapping(table=changes.table or preset.table, columns=columns)

    def required_dsn(self) -> str:
        """The DSN in the plain `postgresql://` form that libpq and SQLAlchemy both take.

        Raises:
            SettingsError: none is set.
        """
        if self.dsn is None:
            raise SettingsError(
                "source.dsn is not set; set FEEDRANK_SOURCE__DSN=postgresql://user:password@host:5432/name "
                f"or dsn in [source] of {SETTINGS_FILE}"
            )
        return plain_dsn(self.dsn, "source.dsn")
