"""A wrong setting ends any command with one message that names it: exit code 1, no traceback, no password."""

from collections.abc import Callable
from pathlib import Path

import pytest

from feedrank import cli
from tests.integration.small_network import Network

Command = Callable[..., str]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command with a `feedrank.toml`; it must end with exit code 1, and its message is returned."""
    monkeypatch.chdir(tmp_path)

    def run(toml: str, *command: str) -> str:
        Path("feedrank.toml").write_text(toml, encoding="utf-8")
        monkeypatch.setattr("sys.argv", ["feedrank", *command])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 1
        output, error = capsys.readouterr()
        assert output == ""
        assert error.startswith("error: ")
        return error.removeprefix("error: ").strip()

    return run


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        (
            "[api\n",
            "feedrank.toml cannot be read: Expected ']' at the end of a table declaration (at line 1, column 5)",
        ),
        ("[api]\nprot = 1", "api.prot is no setting; known are host, port, dsn, ask_keys, rate_limit"),
        ("[ranking]\niterations = 0", "ranking.iterations = 0: Input should be greater than or equal to 1"),
        ("[warehouse]\noverlap = 'long'", "warehouse.overlap = 'long': Input should be a valid timedelta"),
        ("[source.posts]\ntabel = 'p'", "source.posts.tabel is no setting; known are table, columns"),
        ("[source.posts]\ncolumns = 'p'", "source.posts.columns = 'p': Input should be a valid dictionary"),
        ("[source.posts.columns]\nid = 'x'", "source: source.posts.columns maps ['id'], which are not names of ours"),
        (
            "[source.posts.columns]\ntopic = 'text'",
            "source: column 'text' of table 'post' is mapped twice, to 'text' and to 'topic'; map it once",
        ),
        ("[experiment.weights]\ncontrol = 0.9\ntest = 0.3", "experiment.weights add up to 1.2; they must add up to 1"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_must_be(refused: Command, toml: str, told: str) -> None:
    message = refused(toml, "snapshot", "list")
    assert told in message
    assert len(message.splitlines()) == 1


def test_every_wrong_setting_is_named_at_once(refused: Command) -> None:
    assert len(refused("[api]\nport = 0\nworkers = 0", "snapshot", "list").splitlines()) == 2


@pytest.mark.parametrize(
    "toml",
    [
        "[source]\ndns = '{}'",
        "source = '{}'",
        "[sauce]\ndsn = '{}'",
        "[source]\ndsn = '{}'\nposts = {{columns = {{id = 'x'}}}}",
        "[source]\ndsn = ['{}']",
    ],
)
def test_no_message_about_a_setting_tells_the_password(refused: Command, toml: str) -> None:
    assert "s3cret" not in refused(toml.format("postgresql://u:s3cret@h/d"), "snapshot", "list")


def test_a_section_in_one_variable_is_told_apart(refused: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDRANK_SOURCE", "postgresql://u:s3cret@h/d")
    message = refused("", "snapshot", "list")
    assert 'field "source"' in message
    assert "s3cret" not in message


def test_up_compares_the_mapping_with_the_source_before_anything_starts(
    refused: Command, trained_network: Network
) -> None:
    message = refused(f"[source]\ndsn = '{trained_network.dsn}'\nposts.columns.text = 'body'", "up")
    assert "maps {'text': 'body'}, but table 'post' has no such column; it has: id, text, topic" in message
    assert not Path(".feedrank").exists()
