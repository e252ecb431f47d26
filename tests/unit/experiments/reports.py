"""A report with a bit of everything, to be shown in every way that there is."""

from datetime import UTC, date, datetime, timedelta

import msgspec
from msgspec.structs import replace

from core.files import replace_file
from core.settings import Settings
from experiments.ledger import Change
from experiments.report_files import JSON, report_folder
from experiments.report_schema import (
    ArmDay,
    Comparison,
    GuardrailDay,
    Interleaving,
    Look,
    MetricReport,
    Range,
    RatioLook,
    Report,
    Segment,
)
from experiments.verdict import Verdict
from tests.unit.experiments.plans import START, plan

DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in range(4)]
SOME = Range(0.05, -0.01, 0.11)
NONE = Range(None, None, None)
COMPARED = Comparison(Range(0.005, -0.001, 0.011), SOME, 0.04)
LIKE_RATE = MetricReport(
    name="like_rate",
    title="Like rate",
    meaning="likes per shown post",
    primary=True,
    control=0.1,
    test=0.105,
    fixed=COMPARED,
    cuped=Comparison(NONE, NONE, None, "the users do not vary"),
    sequence=COMPARED,
    looks=[Look(day, 100, SOME, SOME) for day in DAYS],
    days=[ArmDay(day, arm, 50, Range(0.1, 0.08, 0.12)) for day in DAYS for arm in ("control", "test")],
)
SPLIT = Report(
    experiment="text-embeddings",
    made_at=datetime(2026, 1, 5, tzinfo=UTC),
    verdict=Verdict("not yet", "Not yet: it may be chance. About 3 more days.", ["The sequence holds zero."], 3),
    plan=plan(),
    changes=[Change(1, START, "ann <b>", "text-embeddings", "start", plan())],
    level=0.95,
    first_day=DAYS[0],
    last_day=DAYS[-1],
    users={"control": 50, "test": 51},
    crossed=2,
    metrics=[LIKE_RATE],
    sample_ratio=[RatioLook(day, {"control": 50, "test": 51}, 0.9) for day in DAYS],
    guardrails=[GuardrailDay(day, "test", 120, 0.002, 0.004, 80, 0.5, None, 0.01, 0.2) for day in DAYS],
    segments=[
        Segment("os", "<script>alert(1)</script>", {"control": 5, "test": 6}, 0.1, 0.1, SOME, 0.04, 0.08),
        Segment("os", "Android", {"control": 1, "test": 0}, None, None, NONE, None, None, "the test arm has 0 users"),
    ],
)
INTERLEAVED = replace(
    SPLIT,
    plan=plan(design="interleaved"),
    users={"interleaved": 101},
    metrics=[],
    sample_ratio=[],
    segments=[],
    interleaving=Interleaving(
        90, 120, 150, COMPARED, COMPARED, [Look(day, 90, NONE, Range(0.3, -0.1, 0.7)) for day in DAYS]
    ),
)
EMPTY = replace(
    SPLIT,
    changes=[],
    first_day=None,
    last_day=None,
    users={},
    crossed=0,
    metrics=[],
    sample_ratio=[],
    guardrails=[],
    segments=[],
)


def broken(p_value: float) -> Report:
    """The split with another sample ratio."""
    return replace(SPLIT, sample_ratio=[replace(SPLIT.sample_ratio[-1], p_value=p_value)])


def write_json(settings: Settings, report: Report) -> None:
    """The report without its page, which takes a second to draw."""
    replace_file(report_folder(settings, report.experiment) / JSON, msgspec.json.encode(report))
