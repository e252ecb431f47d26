"""`feedrank recommend`: one user's recommendations straight from the snapshot, without a server."""

from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import duckdb
from cyclopts import Parameter
from cyclopts.validators import Number

from core import clock
from core.columns import Arm
from core.settings import Settings, load_settings
from experiments.assignment import assign
from experiments.kept_plan import known_plan
from experiments.members import Members
from feedrank.posts import explained_table, posts_table, read_posts
from feedrank.terminal import Flag, Json, err, out, print_json
from ranking import explain as why
from ranking.recommender import STATE_FILE, Recommender
from warehouse.snapshots import current


def recommend(
    user: int,
    /,
    *,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=100))] = 5,
    time: datetime | None = None,
    arm: Arm | None = None,
    explain: Flag = False,
    as_json: Json = False,
) -> None:
    """What a user would be shown.

    Parameters
    ----------
    user
        The user's id; one that nobody has seen gets what suits a newcomer.
    limit
        How many posts.
    time
        Moment of the request, UTC unless it names a zone; now by default.
    arm
        The arm to rank with; by default the one that the experiment puts the user in.
    explain
        Say why each post is there.
    """
    settings = load_settings()
    snapshot = current(settings)
    chosen, when = arm or _own_arm(settings, snapshot.folder, user), clock.in_utc(time or datetime.now(UTC))
    recommender = Recommender.open(snapshot.folder, ranking=settings.ranking)
    best = recommender.recommend(chosen, user, when, limit)
    posts = read_posts(snapshot.folder, best.post_ids.tolist())
    explanations = why.explain(recommender, chosen, user, when, best) if explain else []
    known = user in recommender.state.user_ids
    if as_json:
        print_json(
            {
                "user_id": user,
                "known": known,
                "exp_group": chosen,
                "snapshot": snapshot.id,
                "time": when,
                "recommendations": [
                    {**post._asdict(), **({"explanation": found} if found else {})}
                    for post, found in zip_longest(posts, explanations)
                ],
            }
        )
        return
    title = f"user {user}, arm {chosen}, snapshot {snapshot.id}"
    out.print(explained_table(title, posts, explanations) if explain else posts_table(title, posts))
    if not known:
        err.print(f"snapshot {snapshot.id} does not know user {user}: this is what suits a newcomer", highlight=False)


def _own_arm(settings: Settings, folder: Path, user: int) -> str:
    """The arm that the API puts the user in, as far as this home knows the plan."""
    plan = known_plan(settings)
    with duckdb.connect(str(folder / STATE_FILE), read_only=True) as tables:
        return assign(plan, user, Members.read(tables, plan)).arm
