"""`feedrank recommend`: one user's recommendations straight from the snapshot, without a server."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from core.settings import load_settings
from experiments.assignment import assign
from feedrank.posts import posts_table, read_posts
from feedrank.terminal import out
from ranking.recommender import Recommender
from warehouse.snapshots import current


def recommend(
    user: int,
    /,
    *,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=100))] = 5,
    time: datetime | None = None,
    arm: Literal["control", "test"] | None = None,
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
    """
    settings = load_settings()
    snapshot = current(settings)
    chosen = arm or assign(settings.experiment, user)
    best = Recommender.open(snapshot.folder).recommend(chosen, user, _naive_utc(time), limit)
    posts = read_posts(snapshot.folder, best.post_ids.tolist())
    out.print(posts_table(f"user {user}, arm {chosen}, snapshot {snapshot.id}", posts))


def _naive_utc(moment: datetime | None) -> datetime:
    moment = moment or datetime.now(UTC)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
