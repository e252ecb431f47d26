"""The metrics of an experiment, each declared once: what is divided by what, and which past explains it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from experiments.statistics.effects import Effect, mean_effect, ratio_effect
from experiments.statistics.figures import Figure, Formula
from experiments.statistics.figures import figure as observed_figure
from experiments.statistics.moments import Moments

LIKE_RATE: Final = "like_rate"
HITRATE: Final = "hitrate"
USERS_WITH_HIT: Final = "users_with_hit"
LIKES: Final = "likes"


@dataclass(frozen=True)
class Metric:
    """A metric over users: the mean of `numerator` or, with `denominator`, the ratio of the two sums.

    The names are those of the moments; `covariate` is the mean of the past that CUPED takes off.
    """

    name: str
    title: str
    meaning: str
    numerator: str
    denominator: str | None = None
    covariate: str | None = "pre_likes"

    @property
    def formula(self) -> Formula:
        return Formula(self.numerator, self.denominator)

    @property
    def past(self) -> Formula | None:
        return None if self.covariate is None else Formula(self.covariate)


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Metric(
                LIKE_RATE,
                "Like rate",
                "likes of shown posts within the window, per shown post",
                numerator="liked",
                denominator="shown",
            ),
            Metric(
                HITRATE,
                "Hitrate",
                "share of recommendations with at least one like of a shown post within the window",
                numerator="hits",
                denominator="answers",
            ),
            Metric(USERS_WITH_HIT, "Users with a hit", "share of users who had at least one hit", numerator="hit"),
            Metric(LIKES, "Likes per user", "all likes of a user, of shown posts or not", numerator="likes"),
        )
    }
)


def effect(metric: Metric, control: Moments, test: Moments, level: float = 0.95) -> Effect:
    """What the test arm changes in the metric, after CUPED where the metric has a covariate."""
    if metric.denominator is None:
        return mean_effect(control, test, metric.numerator, metric.covariate, level)
    return ratio_effect(control, test, metric.numerator, metric.denominator, metric.covariate, None, level)


def figure(metric: Metric, users: Moments) -> Figure:
    """The metric in some users as observed, for planning."""
    return observed_figure(users, metric.formula)
