"""What clients are told to copy finds the same arm."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from core.columns import CONTROL, TEST
from experiments.assignment import assign
from tests.unit.experiments.plans import plan

PAGE = (Path(__file__).parents[3] / "docs/assignment.md").read_text(encoding="utf-8")
IDS = [*range(300), *np.random.default_rng(0).integers(0, 2**53, 300).tolist()]
SALTS = ("text-embeddings-1", "a longer salt, with 'quotes'")
CONTROLS = (0.5, 0.2)
EXPECTED = [
    assign(plan(salt=salt, weights={CONTROL: control, TEST: 1 - control}), user_id).arm
    for salt in SALTS
    for control in CONTROLS
    for user_id in IDS
]


def snippet(language: str) -> str:
    [code] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return code


def test_in_python():
    names: dict = {}
    exec(snippet("python"), names)
    assert [
        names["arm"](salt, user_id, control) for salt in SALTS for control in CONTROLS for user_id in IDS
    ] == EXPECTED


def test_in_javascript():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed on this machine")
    asked = json.dumps([[salt, user_id, control] for salt in SALTS for control in CONTROLS for user_id in IDS])
    program = f"{snippet('js')}\nconsole.log(JSON.stringify({asked}.map((one) => arm(...one))))"
    ended = subprocess.run([node, "-"], input=program, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(ended.stdout) == EXPECTED
