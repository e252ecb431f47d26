"""The report finds what is true of drawn exposures and likes, and does not believe what is broken."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core.errors import NotFound
from core.settings import ExperimentSettings, Settings
from experiments.ledger import Change
from experiments.pictures import pictures
from experiments.plan import Plan
from experiments.report import build_report, write_report
from experiments.report_files import newest_experiment, read_page, read_pictures, read_report, reported
from experiments.report_schema import Report
from tests.integration.experiments.drawn import SALT, START, Truth, draw, plan

Judge = Callable[..., Report]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, experiment=ExperimentSettings(name="drawn", salt=SALT))


@pytest.fixture
def judged(settings: Settings) -> Judge:
    """The report on what was drawn from a truth."""

    def judge(truth: Truth, of: Plan | None = None) -> Report:
        chosen = of or plan()
        start = Change(1, chosen.started_at, "ann", chosen.name, "start", chosen)
        with closing(draw(settings, truth)) as con:
            return build_report(con, settings, chosen, [start])

    return judge


def test_a_planted_lift_is_found_and_measured(judged: Judge) -> None:
    report = judged(Truth(lift=0.25))
    assert report.verdict.decision == "keep test"
    [primary] = [metric for metric in report.metrics if metric.primary]
    for found in (primary.fixed, primary.cuped, primary.sequence):
        assert found.relative.low is not None
        assert found.relative.high is not None
        assert 0 < found.relative.low < 0.25 < found.relative.high
    assert sum(report.users.values()) == primary.looks[-1].users


def test_a_planted_loss_keeps_control(judged: Judge) -> None:
    assert judged(Truth(lift=-0.25)).verdict.decision == "keep control"


@pytest.mark.parametrize("seed", range(3))
def test_without_a_lift_no_arm_is_kept(judged: Judge, seed: int) -> None:
    report = judged(Truth(users=1_000, seed=seed))
    assert report.verdict.decision == "not yet"
    assert report.sample_ratio[-1].p_value is not None
    assert report.sample_ratio[-1].p_value > 0.001


def test_the_past_and_the_days_make_the_bounds_narrower(judged: Judge) -> None:
    [primary] = [metric for metric in judged(Truth()).metrics if metric.primary]
    assert width(primary.cuped.difference) < width(primary.fixed.difference)
    assert width(primary.sequence.difference) > width(primary.cuped.difference)
    assert width(primary.looks[-1].difference) < 0.6 * width(primary.looks[0].difference)


def test_the_days_left_are_told_and_are_fewer_for_more(judged: Judge) -> None:
    report = judged(Truth(users=400, lift=0.2, days=8, seed=3))
    assert report.verdict.decision == "not yet"
    assert report.verdict.days_more is not None
    assert f"About {report.verdict.days_more} more days" in report.verdict.sentence


def test_lost_users_are_noticed_though_test_seems_to_win(judged: Judge) -> None:
    report = judged(Truth(lift=0.25, lost=0.3))
    assert report.verdict.decision == "do not believe it"
    assert "not filled as planned" in report.verdict.sentence
    looks = [look.p_value for look in report.sample_ratio]
    assert looks[-1] is not None
    assert looks[-1] < 0.001


def test_users_in_both_arms_are_counted_and_left_out(judged: Judge) -> None:
    report = judged(Truth(lift=0.25, crossed=100))
    assert report.verdict.decision == "do not believe it"
    assert "have been in both arms" in report.verdict.sentence
    assert 70 < report.crossed <= 100
    assert sum(report.users.values()) + report.crossed == pytest.approx(2_000, abs=5)


def test_answers_that_nobody_views_prove_nothing(judged: Judge) -> None:
    report = judged(Truth(viewed=0.0))
    assert report.verdict.decision == "do not believe it"
    assert "do not reach readers" in report.verdict.sentence


def test_a_slow_arm_is_not_judged_by_its_likes(judged: Judge) -> None:
    report = judged(Truth(lift=0.25, slow=0.3))
    assert report.verdict.decision == "do not believe it"
    assert "test answers far slower than control" in report.verdict.sentence
    assert {(found.arm, found.latency_p50 is not None) for found in report.guardrails} == {
        ("control", True),
        ("test", True),
    }


@pytest.mark.parametrize(("lift", "decision"), [(0.25, "keep test"), (-0.25, "keep control"), (0.0, "not yet")])
def test_interleaved_lists_are_judged_by_whose_posts_are_liked(judged: Judge, lift: float, decision: str) -> None:
    report = judged(Truth(users=1_000, lift=lift, interleaved=True), of=plan(design="interleaved"))
    assert report.verdict.decision == decision
    assert report.interleaving is not None
    assert report.interleaving.users == report.users["interleaved"]
    assert (report.metrics, report.sample_ratio, report.segments) == ([], [], [])
    assert len(report.interleaving.looks) == 10


def test_a_few_good_days_are_not_enough(judged: Judge) -> None:
    report = judged(Truth(lift=0.6, days=3))
    assert (report.verdict.decision, report.verdict.days_more) == ("not yet", 4)


def test_nobody_shown_anything_is_no_failure(judged: Judge, settings: Settings) -> None:
    report = judged(Truth(users=0))
    assert report.verdict.decision == "not yet"
    assert "nobody has been shown anything" in report.verdict.sentence
    write_report(settings, report)
    assert "nobody has been shown anything" in read_page(settings, "drawn").decode()


def test_an_ended_experiment_has_no_days_left(judged: Judge) -> None:
    ended = plan(ended_at=START + timedelta(days=10), shipped="control")
    report = judged(Truth(users=400, days=10), of=ended)
    assert report.verdict.decision == "not yet"
    assert report.verdict.days_more is None
    assert "it is over" in report.verdict.sentence


def test_segments_are_told_with_a_warning_about_many_looks(judged: Judge) -> None:
    report = judged(Truth())
    found = {(one.column, one.segment) for one in report.segments}
    assert {("country", "Cyprus"), ("country", "Russia"), ("country", "Serbia")} <= found
    assert {"history"} <= {column for column, _ in found}
    assert "age" not in {column for column, _ in found}  # sixty values are no segments
    for one in report.segments:
        if one.p_value is not None:
            assert one.p_holm is not None
            assert one.p_holm >= one.p_value


def test_weights_that_changed_are_expected_from_that_day_on(judged: Judge, settings: Settings) -> None:
    uneven = plan(weights={"control": 0.9, "test": 0.1})
    evens = Change(2, START + timedelta(hours=1), "ann", "drawn", "weights", plan())
    start = Change(1, START, "ann", "drawn", "start", uneven)
    with closing(draw(settings, Truth(users=1_000))) as con:
        assert build_report(con, settings, plan(), [start]).verdict.decision == "do not believe it"
        changed = build_report(con, settings, plan(), [start, evens])
    assert changed.verdict.decision == "not yet"
    assert changed.sample_ratio[0].p_value is None  # the day of the change has users of both


def test_the_report_is_written_whole_and_read_back(judged: Judge, settings: Settings) -> None:
    with pytest.raises(NotFound, match="experiment-report/daily"):
        newest_experiment(settings)
    report = judged(Truth(lift=0.25))
    write_report(settings, report)
    write_report(settings, report)
    assert read_report(settings, "drawn") == report
    assert newest_experiment(settings) == "drawn"
    assert read_pictures(settings, "drawn") == pictures(report)
    assert reported(settings) == ["drawn"]
    assert sorted(file.name for file in (settings.home / "experiments" / "drawn").iterdir()) == [
        "pictures.json",
        "report.html",
        "report.json",
    ]
    for name in ("other", "..", "", "a/b", "\0", "x" * 1_000):
        with pytest.raises(NotFound):
            read_report(settings, name)


def test_the_page_needs_nothing_beside_it(judged: Judge, settings: Settings) -> None:
    report = judged(Truth(lift=0.25))
    write_report(settings, report)
    page = read_page(settings, "drawn").decode()
    assert "://" not in page
    outline = Outline()
    outline.feed(page)
    outline.close()
    assert outline.open == []
    assert outline.svgs == 4
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.refers <= set(outline.ids)
    assert outline.outside == []
    write_report(settings, report)
    assert read_page(settings, "drawn").decode() == page  # the same report, the same bytes


class Outline(HTMLParser):
    """What a page is made of; fails on a tag that is closed without having been opened."""

    VOID = ("meta", "br", "hr", "img", "link")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.refers: set[str] = set()
        self.outside: list[str] = []
        self.svgs = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.svgs += tag == "svg"
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in {"href", "src", "xlink:href"} and value:
                if value.startswith("#"):
                    self.refers.add(value[1:])
                else:
                    self.outside.append(value)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()


def width(found: object) -> float:
    return found.high - found.low  # type: ignore[attr-defined, no-any-return]
