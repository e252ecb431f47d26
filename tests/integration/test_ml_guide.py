"""Both changes of docs/ml-guide.md, made as they stand there, train a network and pass the tests that they bring."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.integration.documented import REPOSITORY, blocks

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "docs", "benchmarks/results")
OF_LIVE_USERS = "tests/unit/features/test_live_users.py"  # both changes concern it


def test_a_feature_and_an_arm_are_added_as_told(tmp_path: Path) -> None:
    copy = tmp_path / "feedrank"
    for name in ("core", "simulation", "warehouse", "features", "ranking", "experiments", "api", "benchmarks", "tests"):
        shutil.copytree(REPOSITORY / name, copy / name, ignore=LEFT_OUT)
    shutil.copy(REPOSITORY / "pyproject.toml", copy)
    changes = blocks("docs/ml-guide.md", "diff")
    for change in changes:
        run(["git", "apply", "-"], copy, change)
    brought = re.findall(r"^\+\+\+ b/(tests/\S+)$", "".join(changes), re.MULTILINE)
    assert len(brought) == 2
    told = run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *brought, OF_LIVE_USERS], copy)
    assert " failed" not in told


def run(command: list[str], folder: Path, told: str = "") -> str:
    done = subprocess.run(command, cwd=folder, input=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-5_000:]}\n{done.stderr[-5_000:]}"
    return done.stdout
