"""What every section of the settings is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Base of every section: unknown names are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
