"""Which ranker to keep, in one sentence and with its reasons: a pure function over what was measured.

Doubts come first: a result is worth nothing when the arms were not filled as planned, when users saw both, when what
was answered did not reach readers, or when one arm was slower or fell back more often. Only then the confidence
sequence of the primary metric decides, which may be looked at every day; a fixed interval may not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from msgspec import Struct

from core.columns import CONTROL, TEST

Decision = Literal["keep control", "keep test", "not yet", "do not believe it"]

SAMPLE_RATIO_ALARM: Final = 0.001  # p below which the arms count as wrongly filled
MOST_CROSSED: Final = 0.01  # share of users seen in both arms
LEAST_SEEN: Final = 0.1  # share of answers of which a post was viewed; less: the answers reach nobody
SEEN_APART: Final = 1.5  # an arm whose answers are seen so many times as often is displayed in another way
LATENCY_APART: Final = 2.0  # so many times as slow ...
LATENCY_FELT: Final = 0.1  # ... and by so many seconds
FALLBACKS_APART: Final = 0.1  # difference between the arms' shares
LEAST_DAYS: Final = 7  # weekdays differ, and what is new is looked at because it is new
LEAST_USERS: Final = 100  # an arm; the intervals are those of large samples
FAR_AWAY: Final = 365  # days; what takes longer is not worth waiting for


class Verdict(Struct, frozen=True):
    """What to do. `days_more` is None when nothing would be gained by waiting, or nobody can say how long."""

    decision: Decision
    sentence: str
    reasons: list[str]
    days_more: int | None = None


@dataclass(frozen=True)
class ArmHealth:
    """One arm as a whole; what was not measured is NaN."""

    users: int
    seen: float  # share of answers of which a post was viewed
    latency: float  # seconds, the 99th percentile of an ordinary day
    fallbacks: float  # share of shown posts that are nobody's in particular


@dataclass(frozen=True)
class Evidence:
    """What a verdict is made of. The low and high end are those of the confidence sequence, as it is told."""

    days: int  # with answers
    arms: Mapping[str, ArmHealth]
    sample_ratio: float  # p of the always-valid check; NaN where arms are not filled by weights
    low: float
    high: float
    told: str  # the difference with its bounds, as a clause of a sentence
    days_more: int | None  # until the sequence excludes 0, should the difference stay as it is
    reason: str | None = None  # why the difference is undefined
    crossed: int = 0  # users seen in both arms, who are in no arm's count
    over: bool = False  # ended or shipped: no more users are counted
    reweighed: bool = False  # other weights than at the start: that has moved users


def judge(evidence: Evidence) -> Verdict:
    """The verdict.

    >>> arms = {arm: ArmHealth(5_000, 0.6, 0.01, 0.02) for arm in ("control", "test")}
    >>> judge(Evidence(14, arms, 0.6, 0.001, 0.009, "test likes more by +5 % (+1 % to +9 %)", None)).decision
    'keep test'
    """
    if evidence.days == 0:
        return Verdict("not yet", "Not yet: nobody has been shown anything in this experiment.", [])
    ahead = _ahead(evidence)
    if doubts := list(_doubts(evidence)):
        return Verdict("do not believe it", f"Do not believe it: {doubts[0]}.", [*map(_sentence, doubts)])
    fewest = min(arm.users for arm in evidence.arms.values())
    if evidence.reason is not None or fewest < LEAST_USERS:
        return _too_little(evidence, fewest)
    if ahead is None:
        return _undecided(evidence)
    missing = LEAST_DAYS - evidence.days
    if missing > 0:
        what = f"{ahead} is ahead, after {evidence.days} of at least {LEAST_DAYS} days"
        reasons = [
            _sentence(evidence.told),
            "Weekdays differ, and what is new is looked at because it is new; a whole week shows both.",
        ]
        if evidence.over:
            return Verdict("not yet", f"Not yet, and it is over: {what}.", reasons)
        return Verdict("not yet", f"Not yet: {what}. {_more(missing)}", reasons, missing)
    reasons = [
        f"The whole confidence sequence, which is safe to look at every day, lies {_side(ahead)} zero.",
        f"The arms hold {' and '.join(f'{arm.users:,}' for arm in evidence.arms.values())} users "
        f"and {evidence.days} days; nothing speaks against how they were filled and shown.",
    ]
    decision: Decision = "keep test" if ahead == TEST else "keep control"
    return Verdict(decision, f"Keep {ahead}: {evidence.told}.", reasons)


def _ahead(evidence: Evidence) -> str | None:
    if evidence.low > 0:
        return TEST
    return CONTROL if evidence.high < 0 else None


def _side(ahead: str) -> str:
    return "above" if ahead == TEST else "below"


def _doubts(evidence: Evidence) -> Iterator[str]:
    """What speaks against believing anything, the gravest first; a comparison with NaN is never true."""
    arms = evidence.arms
    if evidence.sample_ratio < SAMPLE_RATIO_ALARM:
        filled = ", ".join(f"{name} {arm.users:,}" for name, arm in arms.items())
        yield (
            f"the arms are not filled as planned ({filled}; sample ratio p = {evidence.sample_ratio:.1g}, "
            f"alarm below {SAMPLE_RATIO_ALARM:g})"
        )
    everybody = evidence.crossed + sum(arm.users for arm in arms.values())
    if evidence.crossed > MOST_CROSSED * everybody:
        share = evidence.crossed / everybody
        why = ", as the weights were changed" if evidence.reweighed else ""
        yield f"{evidence.crossed:,} users ({share:.1%}) have been in both arms{why}; at most {MOST_CROSSED:.0%} may"
    for name, arm in arms.items():
        if arm.seen < LEAST_SEEN:
            yield f"only {arm.seen:.1%} of the answers of {name} were seen: they do not reach readers"
    yield from _differing(arms)


def _differing(arms: Mapping[str, ArmHealth]) -> Iterator[str]:
    """Where the arms differ in more than their rankers."""
    if len(arms) < 2:
        return
    low, high = sorted(arms, key=lambda name: arms[name].seen)
    if arms[low].seen >= LEAST_SEEN and arms[high].seen > SEEN_APART * arms[low].seen:
        yield (
            f"answers of {high} are seen far more often than those of {low} ({arms[high].seen:.1%}, "
            f"{arms[low].seen:.1%}): they are not displayed alike"
        )
    fast, slow = sorted(arms, key=lambda name: arms[name].latency)
    apart = arms[slow].latency - arms[fast].latency
    if apart > LATENCY_FELT and arms[slow].latency > LATENCY_APART * arms[fast].latency:
        yield (
            f"{slow} answers far slower than {fast} (99 % within {arms[slow].latency:.2f} s, "
            f"{arms[fast].latency:.2f} s), which readers feel"
        )
    few, many = sorted(arms, key=lambda name: arms[name].fallbacks)
    if arms[many].fallbacks - arms[few].fallbacks > FALLBACKS_APART:
        yield (
            f"{many} falls back to posts for everybody far more often than {few} ({arms[many].fallbacks:.1%}, "
            f"{arms[few].fallbacks:.1%})"
        )


def _too_little(evidence: Evidence, fewest: int) -> Verdict:
    why = evidence.reason or f"the smaller arm has {fewest:,} users, at least {LEAST_USERS} are needed"
    return Verdict("not yet", f"Not yet: {why}.", ["The intervals are those of large samples."])


def _undecided(evidence: Evidence) -> Verdict:
    what = f"{evidence.told}, which may be chance"
    reasons = ["The confidence sequence holds zero: neither arm is shown to be better."]
    if evidence.over:
        reasons.append("No more users are counted. Keep what is simpler, or start again with a new salt.")
        return Verdict("not yet", f"Not yet, and it is over: {what}.", reasons)
    days = None if evidence.days_more is None else max(evidence.days_more, LEAST_DAYS - evidence.days)
    if days is None or days > FAR_AWAY:
        reasons.append("A difference so small would take more than a year to tell; if it does not matter, stop.")
        return Verdict("not yet", f"Not yet: {what}.", reasons)
    reasons.append("The number of days holds if the difference and the number of users a day stay as they are.")
    return Verdict("not yet", f"Not yet: {what}. {_more(days)}", reasons, days)


def _more(days: int) -> str:
    return f"About {days} more {'day' if days == 1 else 'days'}."


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
