"""The command line, in this process."""

from pathlib import Path

import pytest

from feedrank import cli
from tests.unit.feedrank.command import Command


@pytest.fixture
def feedrank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in an empty home folder: exit code, standard output, standard error."""
    monkeypatch.setenv("FEEDRANK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["feedrank", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), *capsys.readouterr()

    return run
