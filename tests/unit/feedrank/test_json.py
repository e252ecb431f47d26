"""What all commands have in common: --json, nothing but the answer on standard output, completion, plain pipes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from feedrank.cli import app
from tests.unit.feedrank.command import Command


def commands(of: App, *path: str) -> Iterator[tuple[tuple[str, ...], App]]:
    """Every command that can be given, by its words."""
    for name in of:
        if name.startswith("-"):
            continue
        command = of[name]
        if command.default_command is not None:
            yield (*path, name), command
        yield from commands(command, *path, name)


def test_every_command_answers_in_json_and_says_so_in_the_same_words() -> None:
    found = dict(commands(app))
    assert len(found) > 18
    told = {}
    for words, command in found.items():
        names = [name for one in command.assemble_argument_collection() for name in one.names]
        assert not [name for name in names if name.startswith("--no-")], f"{words} has a flag of two names"
        told[words] = "--json" in names
    assert [words for words, has_json in told.items() if not has_json] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        app(["--install-completion", "--shell", shell, "--output", str(tmp_path / "script")])
    script = (tmp_path / "script").read_text(encoding="utf-8")
    assert ended.value.code == 0
    assert "rollback" in script
    assert "json" in script
    if shell == "bash":
        ask = 'COMP_WORDS=(feedrank snapshot ro); COMP_CWORD=2; _feedrank; echo "${COMPREPLY[@]}"'
        told = subprocess.run(["bash", "-c", f". {tmp_path / 'script'}; {ask}"], capture_output=True, text=True)
        assert told.stdout.split() == ["rollback"]


def test_a_misspelt_command_and_a_misspelt_id_are_answered_with_what_was_meant(feedrank: Command) -> None:
    code, output, error = feedrank("snapshott")
    assert (code, output) == (2, "")
    assert 'Did you mean "snapshot"?' in error


def test_a_pipe_gets_no_colour_and_help_comes_before_anything_heavy_is_loaded() -> None:
    show = "import sys; sys.argv = ['feedrank', '--help']\nfrom feedrank.cli import main\ntry: main()\nfinally: "
    show += "print(sorted({'prefect', 'duckdb', 'catboost', 'polars', 'numpy'} & set(sys.modules)), file=sys.stderr)"
    told = subprocess.run(
        [sys.executable, "-c", show], capture_output=True, text=True, env={**os.environ, "COLUMNS": "80"}
    )
    assert told.stderr.strip() == "[]"
    assert "\x1b" not in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 80
