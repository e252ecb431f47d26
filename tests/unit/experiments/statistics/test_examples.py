import doctest
import importlib

import pytest

MODULES = ("moments", "figures", "effects", "boundaries", "sequences", "sample_ratio", "power")


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    result = doctest.testmod(importlib.import_module(f"experiments.statistics.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
