"""The promotion gate: may a retrained pair replace the standing one? Pure functions over what others have measured.

Rankers are compared user by user: the mean difference of one metric has a bootstrap interval. Against random the low
end must be over 0, against the others not below minus the margin; where the high end says that this cannot be, the
check fails. In between, the network is too small to tell.

What cannot be told, or is undefined, fails if the standing pair has proved itself better than random: what is known to
work is not replaced by what is not. Where nothing stands, or nothing that proved itself, it is let through. The reason
is told in either case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from core.columns import ARMS
from core.settings import GateSettings
from ranking.baselines import RANDOM, RIVALS
from ranking.comparison import Comparison
from ranking.evaluate import STANDING

GATE_SCHEMA: Final = pl.Schema(
    {
        "check": pl.String,
        "value": pl.Float64,  # NaN where undefined
        "bound": pl.Float64,
        "passed": pl.Boolean,
        "reason": pl.String,  # why it did not pass, or is undefined; else NULL
    }
)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    check: str
    value: float
    bound: float
    passed: bool
    reason: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Everything that was looked at, and what follows from it."""

    checks: tuple[Check, ...]

    @property
    def promoted(self) -> bool:
        """Whether nothing speaks against the pair."""
        return all(check.passed for check in self.checks)

    @property
    def reasons(self) -> list[str]:
        """What speaks against the pair, then what could not be checked."""
        told = sorted((check for check in self.checks if check.reason), key=lambda check: check.passed)
        return [str(check.reason) for check in told]

    @property
    def table(self) -> pl.DataFrame:
        """A row a check, columns as in `GATE_SCHEMA`."""
        return pl.DataFrame([vars(check) for check in self.checks], schema=GATE_SCHEMA)


def beats_random(comparison: Comparison, settings: GateSettings, seed: int) -> bool:
    """Whether both arms are better than random by more than chance."""
    return all(comparison.difference(arm, RANDOM, settings.metric, seed).low > 0 for arm in ARMS)


def compare_rankers(
    comparison: Comparison, settings: GateSettings, *, stands: bool, proven: bool, seed: int, no_standing: str | None
) -> list[Check]:
    """Both arms against random, and where a snapshot stands against its pair and the other baselines as well.

    Args:
        comparison: of all of them.
        settings: metric and margin.
        stands: there is a standing snapshot.
        proven: its pair has beaten random.
        seed: of the bootstrap.
        no_standing: why the standing pair is not in the comparison, if it is not.
    """
    metric, margin = settings.metric, settings.margin
    pairs = [(arm, RANDOM) for arm in ARMS]
    if stands:
        pairs += [(arm, rival) for arm in ARMS for rival in (STANDING[arm], *RIVALS)]
    checks = []
    for arm, rival in pairs:
        name = f"{metric} of {arm} over {rival}, low end"
        found = comparison.difference(arm, rival, metric, seed)
        # better than random, with a difference worth the margin possible; not worse than the others by the margin
        bound, least = (0.0, margin) if rival == RANDOM else (0.0 - margin, 0.0 - margin)  # no -0
        if np.isnan(found.low):
            why = (
                no_standing if rival == STANDING[arm] and no_standing else _undefined(comparison.evaluation.table, arm)
            )
            checks.append(_undefined_check(name, bound, why, proven))
        elif found.low > bound or (found.low == bound and rival != RANDOM):
            checks.append(Check(name, found.low, bound, True))
        else:
            told = f"{name}: {found.low:.4f}, wanted {bound:g} (mean {found.mean:.4f}, high end {found.high:.4f})"
            lost = found.high < least
            reason = told if lost else f"{told}; too few users to tell"
            checks.append(Check(name, found.low, bound, not lost and not proven, reason))
    return checks


def check_nulls(
    missing: Mapping[str, float], trained: Mapping[str, float], settings: GateSettings, *, proven: bool
) -> list[Check]:
    """The share of unknown values by feature: at most the limit, or what the standing pair was trained with.

    `missing` and `trained` map a feature to its share, NaN where there is no row; the latter lacks new features.
    """
    return [
        _at_most(
            f"share of nulls in {feature}",
            share,
            max(settings.max_null_share, trained.get(feature, 0.0)),
            "mend the source, or it is of no use",
            proven,
        )
        for feature, share in missing.items()
    ]


def check_drift(indices: Mapping[str, float], settings: GateSettings, *, proven: bool) -> list[Check]:
    """The PSI by feature, NaN where it is undefined, against the limit."""
    return [
        _at_most(f"PSI of {feature}", index, settings.max_psi, "its values are not those trained on", proven)
        for feature, index in indices.items()
    ]


def gone_features(trained: set[str], present: set[str]) -> list[Check]:
    """A failed check for each feature that the standing pair was trained on and the source no longer has."""
    return [
        Check(f"{feature} exists", 0.0, 1.0, False, f"{feature} is gone, and the standing pair was trained on it")
        for feature in sorted(trained - present)
    ]


def _at_most(name: str, value: float, bound: float, consequence: str, proven: bool) -> Check:
    if np.isnan(value):
        return _undefined_check(name, bound, "there is no row of it", proven)
    passed = value <= bound
    reason = None if passed else f"{name}: {value:.4f} is over {bound:g}; {consequence}"
    return Check(name, value, bound, passed, reason)


def _undefined_check(name: str, bound: float, why: str, proven: bool) -> Check:
    return Check(name, float("nan"), bound, not proven, f"{name} is undefined: {why}")


def _undefined(table: pl.DataFrame, arm: str) -> str:
    reasons = table.filter(pl.col("arm") == arm)["reason"].drop_nulls()
    return str(reasons[0]) if len(reasons) else "fewer than two users to compare"
