"""A plan to start from."""

from datetime import datetime
from typing import Any

from core.settings import ExperimentSettings
from experiments.plan import Plan

START = datetime(2026, 1, 1, 12)


def plan(**fields: Any) -> Plan:
    """The plan of an experiment with these settings."""
    return Plan.begin(ExperimentSettings.model_validate(fields), START)
