"""What a report holds, as it is written to JSON and answered by the API. What is undefined is null, with a reason."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from experiments.ledger import Change
from experiments.plan import Plan
from experiments.verdict import SAMPLE_RATIO_ALARM, Verdict


class Range(Struct, frozen=True):
    """A value between its bounds."""

    value: float | None
    low: float | None
    high: float | None


class Comparison(Struct, frozen=True):
    """Test against control: the difference, and the same as a share of control's value."""

    difference: Range
    relative: Range
    p_value: float | None
    reason: Annotated[str | None, Meta(description="Why it is undefined.")] = None


class ArmDay(Struct, frozen=True):
    """One arm's value of one day alone, with its interval."""

    day: date
    arm: str
    users: int
    value: Range


class Look(Struct, frozen=True):
    """What was known at the end of a day: everything since the start, with the bounds of the confidence sequence."""

    day: date
    users: int
    relative: Range
    difference: Range


class MetricReport(Struct, frozen=True):
    """One metric, from the users' totals since the start."""

    name: str
    title: str
    meaning: str
    primary: Annotated[bool, Meta(description="The one that the verdict is about.")]
    control: float | None
    test: float | None
    fixed: Annotated[Comparison, Meta(description="Holds for one look at a moment chosen beforehand.")]
    cuped: Annotated[Comparison, Meta(description="The same, corrected by each user's likes before the start.")]
    sequence: Annotated[Comparison, Meta(description="Holds however often it is looked at.")]
    looks: list[Look]
    days: list[ArmDay]


class RatioLook(Struct, frozen=True):
    """How the arms were filled by the end of a day; p below 0.001 is an alarm."""

    day: date
    users: dict[str, int]
    p_value: Annotated[float | None, Meta(description="Safe to look at every day.")]


class GuardrailDay(Struct, frozen=True):
    """What must not suffer, of one arm and day."""

    day: date
    arm: str
    answers: int
    latency_p50: Annotated[float | None, Meta(description="Seconds.")]
    latency_p99: Annotated[float | None, Meta(description="Seconds.")]
    posts: Annotated[int, Meta(description="Different posts shown.")]
    diversity: Annotated[float | None, Meta(description="0: lists of one topic; near 1: of many.")]
    fallbacks: Annotated[float | None, Meta(description="Share of shown posts that are nobody's in particular.")]
    explored: Annotated[float | None, Meta(description="Share of shown posts that came by chance.")]
    unseen: Annotated[float | None, Meta(description="Share of answers of which no post was viewed.")]


class Segment(Struct, frozen=True):
    """The primary metric among some of the users. `p_holm` allows for all segments being looked at."""

    column: str
    segment: str
    users: dict[str, int]
    control: float | None
    test: float | None
    relative: Range
    p_value: float | None
    p_holm: float | None
    reason: str | None = None


class Interleaving(Struct, frozen=True):
    """Both rankers in one list: likes credited to the one that brought the post, a user at a time."""

    users: int
    control: Annotated[int, Meta(description="Likes of posts that control brought.")]
    test: Annotated[int, Meta(description="Likes of posts that test brought.")]
    fixed: Comparison
    sequence: Comparison
    looks: list[Look]


class Report(Struct, frozen=True):
    """An experiment, judged."""

    experiment: str
    made_at: datetime
    verdict: Verdict
    plan: Plan
    changes: list[Change]
    level: float
    first_day: date | None
    last_day: date | None
    users: dict[str, int]
    crossed: Annotated[int, Meta(description="Users seen in both arms; they are left out of everything.")]
    metrics: list[MetricReport]
    sample_ratio: list[RatioLook]
    guardrails: list[GuardrailDay]
    segments: list[Segment]
    interleaving: Interleaving | None = None

    @property
    def primary(self) -> MetricReport | None:
        """The metric that the verdict is about."""
        return next((metric for metric in self.metrics if metric.primary), None)

    @property
    def ratio_is_broken(self) -> bool:
        """Whether the arms have not been filled as planned, by the last look."""
        p_value = self.sample_ratio[-1].p_value if self.sample_ratio else None
        return p_value is not None and p_value < SAMPLE_RATIO_ALARM

    @property
    def looks(self) -> int:
        """How many segments were compared."""
        return sum(found.p_value is not None for found in self.segments)
