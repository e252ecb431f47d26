"""`[experiment]`: the A/B experiment to start, and how it is judged."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from core.columns import ARMS, COMPARED, Arm
from core.sections.section import Section


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
