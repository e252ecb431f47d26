"""Two snapshots beside each other."""

from typing import Any, Final, NamedTuple

from api.pages.models_view import BEHIND, Figures, Measured
from core.columns import ARMS
from warehouse.snapshots import Snapshot

FEATURES: Final = 15  # of each, those its ranker leans on most
NOTHING: Final = Measured(None, None, None)


class Pair(NamedTuple):
    """A figure of both."""

    name: str
    arm: str
    a: float | None
    b: float | None

    @property
    def change(self) -> float | None:
        return None if self.a is None or self.b is None else self.b - self.a


class Changed(NamedTuple):
    """A setting that is not the same in both, as it is written; None: it is not there."""

    name: str
    a: object
    b: object


class Compared(NamedTuple):
    """The differences of b from a."""

    metrics: list[Pair]
    importances: list[Pair]
    rows: list[Pair]
    settings: list[Changed]
    same_models: bool  # both serve the same pair, one is a refresh


def compare(a: tuple[Snapshot, Figures], b: tuple[Snapshot, Figures]) -> Compared:
    """Everything that can be told apart by numbers."""
    (one, its), (other, theirs) = a, b
    metrics = [
        Pair(
            metric,
            arm,
            its.metrics.get(metric, {}).get(arm, NOTHING).value,
            theirs.metrics.get(metric, {}).get(arm, NOTHING).value,
        )
        for metric in dict.fromkeys([*its.metrics, *theirs.metrics])
        if metric not in BEHIND
        for arm in ARMS
    ]
    importances = [
        Pair(feature, arm, its.importances[arm].get(feature), theirs.importances[arm].get(feature))
        for arm in ARMS
        for feature in dict.fromkeys(
            [*list(its.importances[arm])[:FEATURES], *list(theirs.importances[arm])[:FEATURES]]
        )
    ]
    counted, then = one.manifest.rows, other.manifest.rows
    rows = [Pair(table, "", counted.get(table), then.get(table)) for table in dict.fromkeys([*counted, *then])]
    own, others = flat(one.manifest.settings), flat(other.manifest.settings)
    return Compared(
        metrics,
        importances,
        [pair for pair in rows if pair.a != pair.b],
        [
            Changed(name, own.get(name), others.get(name))
            for name in sorted(own.keys() | others.keys())
            if own.get(name) != others.get(name)
        ],
        (one.manifest.models_from or one.id) == (other.manifest.models_from or other.id),
    )


def flat(settings: dict[str, Any], prefix: str = "") -> dict[str, object]:
    """Settings by their full names.

    >>> flat({"ranking": {"depth": 4}, "home": "x"})
    {'ranking.depth': 4, 'home': 'x'}
    """
    told: dict[str, object] = {}
    for name, value in settings.items():
        told |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return told
