"""All settings in one typed tree, from `feedrank.toml` and `FEEDRANK_…` environment variables.

An environment variable wins over the file; levels are joined by two underscores, so `FEEDRANK_SOURCE__DSN` is `dsn` in
`[source]`. What each section holds is in `core.sections`. `load_settings` is the one way in: it turns what pydantic
finds wrong into one `SettingsError` that names each setting, its value and its bound.
"""

import os
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings import SettingsError as UnreadableValue

from core.errors import SettingsError
from core.sections.experiment import ExperimentSettings
from core.sections.ranking import FeatureSettings, GateSettings, RankingSettings
from core.sections.running import DoctorSettings, FlowSettings, PrefectSettings
from core.sections.service import ApiSettings, SqlSettings
from core.sections.source import PRESETS, SETTINGS_FILE, SourceSettings, SourceTable, plain_dsn
from core.sections.storage import ObjectStoreSettings, SnapshotSettings, WarehouseSettings

__all__ = [
    "PRESETS",
    "ApiSettings",
    "DoctorSettings",
    "ExperimentSettings",
    "FeatureSettings",
    "GateSettings",
    "ObjectStoreSettings",
    "RankingSettings",
    "Settings",
    "SnapshotSettings",
    "SourceSettings",
    "SourceTable",
    "SqlSettings",
    "load_settings",
    "plain_dsn",
]


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
    def histories_file(self) -> Path:
        """Users' histories as they were last learned, so that a refresh learns those of the few who did something."""
        return self.home / "histories.safetensors"

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
