"""What `demo` and `up` have in common: Prefect with its worker, a training, the API, and the wait for Ctrl-C."""

import os
import sys
import time
from collections.abc import Mapping
from itertools import islice
from urllib.parse import urlencode

import duckdb
from rich.markup import escape

from core.columns import ARMS, USER_ID
from core.errors import RunFailed
from core.settings import Settings
from experiments.assignment import assign
from experiments.kept_plan import known_plan
from experiments.members import Members
from feedrank.http import api_address, get_json
from feedrank.posts import Post, posts_table
from feedrank.prefect_server import WORK_POOL, Prefect
from feedrank.processes import Servers, free_port
from feedrank.terminal import err, out, print_json, step
from ranking.recommender import STATE_FILE
from warehouse.snapshots import current, standing

TRAINING = "retrain/nightly"
API_LIMIT = 60.0  # seconds
CANDIDATES = 1_000  # users looked at to find one of each arm


def start_worker(prefect: Prefect, environment: Mapping[str, str]) -> None:
    """Make Prefect ready to run our flows: server up, deployments current, nothing left over, a worker waiting."""
    with step("Prefect server"):
        prefect.wait()
    # Prefect reads its settings when it is imported, so this process must have them before the import below
    os.environ.update(prefect.environment)
    from feedrank.prefect_client import connect, ensure_work_pool, release_leftover_runs
    from feedrank.zombies import install_zombie_automation

    with step("deployments of prefect.yaml, and a worker"):
        with connect(prefect.api_url) as client:
            ensure_work_pool(client, WORK_POOL)
            release_leftover_runs(client)
            install_zombie_automation(client)
        prefect.start_worker(environment)  # comes up while the deployments are read
        prefect.deploy()


def train(prefect: Prefect, servers: Servers, settings: Settings) -> None:
    """Run the nightly training now and show how it goes.

    Raises:
        RunFailed: it did not complete; names the log. Or its pair was not promoted, and there is no other to serve.
    """
    from feedrank.follow import follow
    from feedrank.prefect_client import connect, start_run

    with connect(prefect.api_url) as client:
        run = start_run(client, TRAINING)
        err.print(f"{TRAINING} as {run.name}: {prefect.url}/runs/flow-run/{run.id}", highlight=False)
        try:
            ended = follow(client, run, err, servers.check)
        except RunFailed as error:
            raise RunFailed(f"{error}\nits log is in {servers.logs / 'prefect-worker.log'}") from None
    if ended.state is None or ended.state.name == "Completed":
        return
    told = f"run {ended.name} ended as {ended.state.name}: {ended.state.message}"
    if not has_snapshot(settings):
        raise RunFailed(f"{told}\nfeedrank snapshot promote ID serves it in spite of that")
    err.print(told, markup=False, highlight=False)


def start_api(servers: Servers, settings: Settings, environment: Mapping[str, str]) -> str:
    """Start the API and return its address once it answers from a snapshot."""
    port = free_port(settings.api.port)
    url = api_address(settings.api, port)
    with step("API"):
        server = servers.start(
            "api", [sys.executable, "-m", "api"], environment={**environment, "FEEDRANK_API__PORT": str(port)}
        )
        server.wait_for(f"{url}/health/ready", API_LIMIT)
    return url


def show_answers(settings: Settings, api_url: str, as_json: bool = False) -> None:
    """Ask the API for one user of each arm, and print what it recommends; nothing, where it asks for a key."""
    if _asks_for_keys(settings):
        return
    for user in _one_user_an_arm(settings):
        answer = get_json(f"{api_url}/post/recommendations/?{urlencode({'id': user, 'limit': 5})}")
        if as_json:
            print_json({"kind": "answer", "user_id": user, **answer})
            continue
        posts = [Post(post["id"], post["topic"], post["text"]) for post in answer["recommendations"]]
        out.print(posts_table(f"user {user} is in arm {answer['exp_group']}", posts))


def show_addresses(settings: Settings, api_url: str, prefect: Prefect, as_json: bool = False) -> None:
    """Print where everything can be reached."""
    if as_json:
        print_json({"kind": "addresses", "api": api_url, "prefect": prefect.url, "home": str(settings.home.absolute())})
        return
    key = "-H 'Authorization: Bearer TOKEN' " if _asks_for_keys(settings) else ""
    places = {
        "recommendations": f"curl {key}'{api_url}/post/recommendations/?id=200&limit=5'",
        "all endpoints": f"{api_url}/schema",
        "flow runs": prefect.url,
        "run a flow": f"PREFECT_API_URL={prefect.api_url} prefect deployment run {TRAINING}",
        "ask in SQL": 'feedrank sql "FROM evaluation"',
        "logs": str(settings.home / "logs"),
    }
    for what, where in places.items():
        out.print(f"[bold]{what:16}[/] {escape(where)}", highlight=False, soft_wrap=True)


def stay(servers: Servers) -> None:
    """Return on Ctrl-C or SIGTERM; ServiceError if a server ends before."""
    err.print("Ctrl-C stops everything.")
    try:
        while True:
            servers.check()
            time.sleep(1)
    except KeyboardInterrupt:
        err.print("stopping")


def has_snapshot(settings: Settings) -> bool:
    """Whether something has been published that an API can serve: of this version, and whole."""
    return standing(settings) is not None


def _asks_for_keys(settings: Settings) -> bool:
    return settings.api.ask_keys and settings.keys_folder.exists()


def _one_user_an_arm(settings: Settings) -> list[int]:
    """Ids of users with likes, one of each arm that has any; any user will do in a network where nobody liked."""
    plan = known_plan(settings)
    with duckdb.connect(str(current(settings).folder / STATE_FILE), read_only=True) as snapshot:
        query = f"""
            SELECT {USER_ID} FROM users ORDER BY {USER_ID} NOT IN (SELECT {USER_ID} FROM user_likes), {USER_ID} LIMIT ?
        """
        rows = snapshot.execute(query, [CANDIDATES]).fetchall()
        members = Members.read(snapshot, plan)
    arms = {user: assign(plan, user, members).arm for (user,) in rows}
    return [user for wanted in ARMS for user in islice((user for user, arm in arms.items() if arm == wanted), 1)]
