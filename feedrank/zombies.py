"""Runs whose process is gone end as Crashed by themselves: an automation in the Prefect server.

A killed worker can report to nobody, so its run would count as running, and hold its deployment's slot, until somebody
looks. A run of a deployment gives a sign of life every minute; the server's own automation ends one that has been
silent for five. Source: https://docs.prefect.io/v3/advanced/detect-zombie-flows, but for what is expected: any event of
the run, as ours end in states of their own names (NotPromoted, Skipped), and an automation that does not know a state
would take a run that ended in it for dead.
"""

from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

NAME = "feedrank: a run without a sign of life has crashed"
SILENCE = timedelta(minutes=5)  # signs of life come every minute; the longest hold of the interpreter is seconds
SIGN_OF_LIFE = "prefect.flow-run.heartbeat"
RUN = "prefect.resource.id"


def install_zombie_automation(client: SyncPrefectClient, silence: timedelta = SILENCE) -> None:
    """Make the automation, or bring the one that is there up to date.

    Args:
        client: of the server.
        silence: after how long a run counts as dead; at least 10 seconds, as the server looks every five.
    """
    automation = AutomationCore(
        name=NAME,
        description=f"Ends runs whose process has not been heard of for {silence}",
        trigger=EventTrigger(
            posture=Posture.Proactive,
            match=ResourceSpecification({RUN: ["prefect.flow-run.*"]}),
            for_each={RUN},
            after={SIGN_OF_LIFE},
            expect={"prefect.flow-run.*"},
            threshold=1,
            within=silence,
        ),
        actions=[
            ChangeFlowRunState(state=StateType.CRASHED, message=f"Its process has not been heard of for {silence}.")
        ],
    )
    standing = client.read_automations_by_name(NAME)
    if standing:
        client.update_automation(standing[0].id, automation)
    else:
        client.create_automation(automation)
