"""What the page Experiment shows: the last report, the plan that holds, where a user falls, and the ledger."""

import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from api.engine import Engine
from api.pages.language import marked
from core.errors import NotFound, SourceError
from core.settings import Settings
from experiments import ledger
from experiments.assignment import assign
from experiments.buckets import BUCKETS, place
from experiments.ledger import Change
from experiments.plan import Plan
from experiments.report_files import read_pictures, read_report, reported
from experiments.report_page import TONES
from experiments.report_schema import Report
from experiments.verdict import SAMPLE_RATIO_ALARM

# how the user came to the arm
How = Literal["over", "tester", "outside", "kept", "dealt"]

DECISIONS: Final = {
    "keep control": marked("Keep control"),
    "keep test": marked("Keep test"),
    "not yet": marked("Not yet"),
    "do not believe it": marked("Do not believe it"),
}
HOWS: Final[dict[How, str]] = {
    "over": marked("The experiment has ended: everybody gets this arm, and nobody is counted."),
    "tester": marked("A tester, who sees this arm and is never counted."),
    "outside": marked("Not in the experiment: gets this arm and is not counted."),
    "kept": marked("Counted. The hash says otherwise, but who has been shown an arm keeps it."),
    "dealt": marked("Counted. The hash of salt and id deals this arm."),
}
# a picture by itself: the colour of its texts goes with the page's, which is all that it took from the page
STYLE: Final = (
    "<style>svg{color:#1f2124}text{font-family:system-ui,sans-serif!important}"
    "@media(prefers-color-scheme:dark){svg{color:#e9e6e1}}</style>"
)
_BOX: Final = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


class Size(NamedTuple):
    """Of a picture, in pixels of CSS."""

    width: int
    height: int


@dataclass(frozen=True)
class Assigned:
    """Where a user falls just now."""

    user_id: int
    arm: str
    how: How
    bucket: int  # of `BUCKETS`
    known: bool  # to the snapshot or what has come since

    @property
    def told(self) -> str:
        return HOWS[self.how]

    buckets = BUCKETS


@dataclass(frozen=True)
class Reported:
    """A report and what its page needs beside it."""

    report: Report
    pictures: dict[str, Size]

    tones = TONES
    alarm = SAMPLE_RATIO_ALARM

    @property
    def decision(self) -> str:
        return DECISIONS[self.report.verdict.decision]


def last_report(settings: Settings, plan: Plan, name: str | None) -> Reported | None:
    """Of the experiment asked for, else of the one that holds, if there is one.

    Raises:
        NotFound: there is none of the experiment asked for, or another version wrote it.
    """
    experiment = name or plan.name
    if name is None and experiment not in reported(settings):
        return None
    sizes = {drawn: _size(svg) for drawn, svg in read_pictures(settings, experiment).items()}
    return Reported(read_report(settings, experiment), sizes)


def picture(settings: Settings, experiment: str, name: str) -> str:
    """A picture of a report, to be shown by itself.

    Raises:
        NotFound: there is none of that name.
    """
    drawn = read_pictures(settings, experiment).get(name)
    if drawn is None:
        raise NotFound(f"the report of experiment {experiment!r} has no picture {name!r}")
    start, rest = drawn.split(">", 1)
    return f'{start} xmlns="http://www.w3.org/2000/svg">{STYLE}{rest}'


def assigned(engine: Engine, user_id: int) -> Assigned:
    """The arm of a user, and how it came about."""
    plan = engine.experiment.plan
    now, by_hash = engine.experiment.assign(plan, user_id), assign(plan, user_id)
    how: How = "dealt"
    if not plan.runs:
        how = "over"
    elif user_id in plan.forced:
        how = "tester"
    elif not now.counted:
        how = "outside"
    elif now != by_hash:
        how = "kept"
    return Assigned(user_id, now.arm, how, place(plan.seeded, str(user_id)), _is_known(engine, user_id))


def history(settings: Settings, *, away: bool) -> list[Change] | None:
    """All changes, the newest first; None while PostgreSQL cannot be asked."""
    if away or settings.source.dsn is None:
        return None
    try:
        return ledger.changes(settings)[::-1]
    except SourceError:
        return None


def _is_known(engine: Engine, user_id: int) -> bool:
    return bool(engine.serving.rows("SELECT 1 FROM users WHERE user_id = ?", user_id)) or (
        engine.serving.live.user(user_id) is not None
    )


def _size(svg: str) -> Size:
    found = _BOX.search(svg)
    assert found is not None  # our own pictures have one
    return Size(*(round(float(points) * 4 / 3) for points in found.groups()))
