"""The experiment in one process: plan and members, by which requests assign, and the look into the ledger.

The thread that follows the source looks every few seconds (`api.follow`); who keeps an arm comes with each snapshot.
While PostgreSQL is away the plan that this home knew last goes on. The first service that finds an empty ledger starts
the experiment of the settings in it.
"""

import threading
import time
from typing import Final

import duckdb
from sqlalchemy import Engine

from api.trouble import Trouble
from core.errors import SourceError
from core.logging import get_logger
from core.settings import Settings
from experiments import ledger
from experiments.assignment import Assignment, assign
from experiments.kept_plan import keep_plan, known_plan
from experiments.members import Members
from experiments.plan import Plan
from warehouse.source_tables import transaction

log = get_logger(__name__)

INTERVAL: Final = 3.0  # seconds between two looks
AUTHOR: Final = "the API, at its first start"


class Experiment:
    """Holds the plan and who keeps an arm; requests read `plan` once each, and a change is one assignment."""

    def __init__(self, settings: Settings) -> None:
        self.plan = known_plan(settings)
        self._members = Members.nobody(self.plan)
        self._snapshot: duckdb.DuckDBPyConnection | None = None  # whose members they are
        self._lock = threading.Lock()  # members are read for one plan and one snapshot at a time
        self._settings = settings
        self._begun = False  # there is a ledger, with something in it
        self._due = 0.0
        self._kept: Plan | None = None
        self._trouble, self._disk = Trouble(log), Trouble(log)

    def assign(self, plan: Plan, user_id: int) -> Assignment:
        """A user's arm by a plan that a request has read."""
        return assign(plan, user_id, self._members)

    def read_members(self, snapshot: duckdb.DuckDBPyConnection) -> None:
        """From now on, who keeps an arm is what this snapshot's tables say."""
        with self._lock, snapshot.cursor() as cursor:
            self._snapshot, self._members = snapshot, Members.read(cursor, self.plan)

    def look(self, engine: Engine) -> None:
        """Take up what the ledger says, if it is time to; never raises."""
        if time.monotonic() < self._due:
            return
        try:
            self._take(self._read(engine))
        except Exception as error:  # whatever is wrong with the ledger, events are still to be followed
            self._begun = False  # the table may be gone
            self._trouble.begins(error, "experiment %s goes on as it was last known", self.plan.name)
        else:
            self._trouble.ends("the ledger of experiments is read again")
        self._due = time.monotonic() + INTERVAL

    def _read(self, engine: Engine) -> Plan:
        if self._begun:
            with transaction(self._settings, engine) as connection:
                change = ledger.newest(connection, self._settings)
            if change is None:
                raise SourceError("the ledger of experiments is empty all at once")
            return change.plan
        plan = ledger.begin(self._settings, AUTHOR)
        self._begun = True
        return plan

    def _take(self, plan: Plan) -> None:
        if plan != self.plan:
            log.info("experiment %s", _told(plan))
            self._change(plan)
        if plan == self._kept:
            return
        try:
            keep_plan(self._settings, plan)
        except OSError as error:
            self._disk.begins(error, "the plan cannot be kept for when PostgreSQL is away")
        else:
            self._kept = plan
            self._disk.ends("the plan is kept for when PostgreSQL is away")

    def _change(self, plan: Plan) -> None:
        with self._lock:
            if self._snapshot is not None and (plan.salt, plan.moves) != (self.plan.salt, self.plan.moves):
                with self._snapshot.cursor() as cursor:
                    self._members = Members.read(cursor, plan)
            self.plan = plan


def _told(plan: Plan) -> str:
    """A line on what holds from now on."""
    if not plan.runs:
        return f"{plan.name} has ended, everybody gets {plan.default_arm}"
    shares = ", ".join(f"{arm} {plan.weights[arm]:g}" for arm in plan.arms)
    return f"{plan.name} runs with salt {plan.salt}, {shares}, coverage {plan.coverage:g}, {plan.design}"
