"""`feedrank experiment`: each command changes what holds, says so, and tells what to do where it cannot."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.columns import TEST
from core.settings import load_settings
from experiments.kept_plan import known_plan
from experiments.ledger import changes, standing
from feedrank import cli

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def experiment(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run `feedrank experiment …` against an empty database: exit code, standard output, standard error."""
    monkeypatch.setenv("FEEDRANK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FEEDRANK_SOURCE__DSN", database)
    monkeypatch.setenv("FEEDRANK_EXPERIMENT__COVERAGE", "0.1")
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["feedrank", "experiment", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), *capsys.readouterr()

    return run


def test_an_experiment_from_start_to_shipping(experiment: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "carol")
    code, output, _ = experiment("start", "--author", "ann")
    assert code == 0
    assert "text-embeddings runs since" in output
    assert "coverage 0.1" in output
    assert "coverage 1" in experiment("coverage", "1", "--author", "bob")[1]
    output = experiment("weights", "control=0.2", "test=0.8", "--author", "ann")[1]
    assert "control 0.2, test 0.8" in output
    assert "users keep the arm that they were shown" in output
    assert "30.0% of the users get another if they were shown none" in output
    output = experiment("weights", "control=0.4", "test=0.6", "--move")[1]
    assert "20.0% of the users are in another arm now; those who were shown both are left out" in output
    assert "everybody gets test" in experiment("ship", "test", "--author", "bob")[1]
    told = changes(load_settings())
    assert [(one.action, one.author) for one in told] == [
        ("start", "ann"),
        ("coverage", "bob"),
        ("weights", "ann"),
        ("weights", "carol"),
        ("ship", "bob"),
    ]
    assert [one.plan.bucket_version for one in told] == [0, 0, 0, 1, 1]
    plan = standing(told)
    assert plan is not None
    assert (plan.shipped, plan.coverage, plan.weights[TEST]) == (TEST, 1, 0.6)
    assert known_plan(load_settings()) == plan
    monkeypatch.setenv("FEEDRANK_EXPERIMENT__SALT", "text-embeddings-2")
    output = experiment("status")[1]
    assert [output.count(author) for author in ("ann", "bob", "carol")] == [2, 2, 1]
    assert "ship test" in output
    lines = [json.loads(line) for line in experiment("status", "--json")[1].splitlines()]
    assert [line["action"] for line in lines] == [one.action for one in told]
    assert lines[-1]["plan"]["shipped"] == TEST
    assert "salt text-embeddings-2: feedrank experiment start begins it" in output
    assert experiment("start")[0] == 0
    assert "everybody gets control" in experiment("stop")[1]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["status"], "feedrank experiment start"),
        (["stop"], "feedrank experiment start"),
        (["ship", "test"], "feedrank experiment start"),
    ],
)
def test_before_the_first_start_every_command_says_what_to_do(
    experiment: Command, command: list[str], told: str
) -> None:
    code, output, error = experiment(*command)
    assert (code, output) == (1, "")
    assert error.startswith("error: no experiment was ever started")
    assert told in error


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["start"], "runs since"),
        (["coverage", "0.05"], "can only grow"),
        (["weights", "test"], "'test' is no share of an arm"),
        (["weights", "test=much"], "'test=much' is no share of an arm"),
        (["weights"], "given for no arm; the arms of experiment 'text-embeddings' are control, test"),
        (["weights", "control=0.9", "test=0.3"], "add up to 1.2"),
        (["ship", "third"], "its arms are control, test"),
    ],
)
def test_what_cannot_be_done_is_told_and_not_recorded(experiment: Command, command: list[str], told: str) -> None:
    experiment("start")
    code, output, error = experiment(*command)
    assert (code, output) == (1, "")
    assert told in error
    assert len(changes(load_settings())) == 1


def test_the_author_is_the_user_of_this_machine_unless_told(
    experiment: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "carol")
    experiment("start")
    assert [one.author for one in changes(load_settings())] == ["carol"]
