"""The plan as this home last knew it: what holds while PostgreSQL is away, and for commands that do not ask it."""

import msgspec

from core import clock
from core.errors import FeedrankError
from core.files import replace_file
from core.logging import get_logger
from core.settings import Settings
from experiments.plan import Plan

log = get_logger(__name__)


def keep_plan(settings: Settings, plan: Plan) -> None:
    """Write it down, in one rename; several workers may at once.

    Raises:
        OSError: the disk takes nothing.
    """
    replace_file(settings.experiment_file, msgspec.json.encode(plan))


def known_plan(settings: Settings) -> Plan:
    """The one kept, or that of the settings where none is: on a first start."""
    try:
        return msgspec.json.decode(settings.experiment_file.read_bytes(), type=Plan)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, FeedrankError) as error:
        log.warning("%s cannot be used, the experiment of the settings is: %s", settings.experiment_file, error)
    return Plan.begin(settings.experiment, clock.now())
