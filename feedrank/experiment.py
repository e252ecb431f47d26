"""`feedrank experiment`: start and end the A/B experiment, change who is in it, and see what it was made of.

Every change is written into the ledger in the source's database (`experiments.ledger`) with its author; running APIs
take it up within seconds.
"""

from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.table import Column, Table

from core import clock
from core.errors import ExperimentError
from core.settings import Settings, load_settings
from experiments import ledger
from experiments.kept_plan import keep_plan
from experiments.metrics import METRICS
from experiments.plan import Plan, moved
from experiments.planning import duration, past
from feedrank.terminal import Author, Flag, Json, out, print_json, user_name
from warehouse.connection import connect
from warehouse.lock import warehouse_lock

app = App(name="experiment")
app.command("feedrank.rehearse:rehearse", help="Simulated users read the feed, and the report has to find the truth.")


@app.command
def start(*, author: Author = None, as_json: Json = False) -> None:
    """Start the experiment of the settings ([experiment] of feedrank.toml); its salt must be a new one."""
    settings = load_settings()
    _record(settings, "start", Plan.begin(settings.experiment, clock.now()), author, as_json)


@app.command
def stop(*, author: Author = None, as_json: Json = False) -> None:
    """End the experiment; from now on everybody gets control."""
    settings, plan = _standing()
    _record(settings, "stop", plan.stop(clock.now()), author, as_json)


@app.command
def weights(*shares: str, move: Flag = False, author: Author = None, as_json: Json = False) -> None:
    """Give the arms other shares of the users: of new ones, as whoever has been shown an arm keeps it.

    Parameters
    ----------
    shares
        One an arm, together 1, such as: control=0.2 test=0.8
    move
        Deal everybody anew. Those who are shown both arms are left out of the report.
    """
    settings, before = _standing()
    after = before.reweigh(dict(map(_share, shares)), move_at=clock.now() if move else None)
    _record(settings, "weights", after, author, as_json)
    if as_json:
        return
    share = f"{moved(before, after):.1%} of the users"
    out.print(
        f"{share} are in another arm now; those who were shown both are left out of the report"
        if move
        else f"users keep the arm that they were shown, as far as the snapshot knows; {share} get another if they were "
        "shown none",
        highlight=False,
        soft_wrap=True,
    )


@app.command
def coverage(
    share: Annotated[float, Parameter(validator=Number(gte=0, lte=1))],
    /,
    *,
    author: Author = None,
    as_json: Json = False,
) -> None:
    """Take more of the users in; nobody who is in changes arm.

    Parameters
    ----------
    share
        Of all users, 0 to 1, and not less than now.
    """
    settings, plan = _standing()
    _record(settings, "coverage", plan.cover(share), author, as_json)


@app.command
def ship(arm: str, /, *, author: Author = None, as_json: Json = False) -> None:
    """End the experiment and give everybody one arm.

    Parameters
    ----------
    arm
        The one to keep.
    """
    settings, plan = _standing()
    _record(settings, "ship", plan.ship(arm, clock.now()), author, as_json)


@app.command
def plan(
    *,
    mde: Annotated[float, Parameter(validator=Number(gt=0, lte=10))] = 0.02,
    power: Annotated[float, Parameter(validator=Number(gt=0, lt=1))] = 0.8,
    metric: Literal["like_rate", "likes"] | None = None,
    as_json: Json = False,
) -> None:
    """How many users and days it takes to see a change, if people go on as they have of late.

    Parameters
    ----------
    mde
        The smallest relative change worth seeing (minimum detectable effect): 0.02 is two percent.
    power
        How probable it shall be to see a change of that size.
    metric
        By default the experiment's own.
    """
    settings = load_settings()
    ours = settings.experiment
    with warehouse_lock(settings, "feedrank experiment plan"), connect(settings, read_only=True) as warehouse:
        seen = past(warehouse, metric or ours.metric, ours.coverage)
    found = [duration(seen, size, power, ours) for size in (mde / 2, mde, 2 * mde)]
    if as_json:
        for one in found:
            print_json(one)
        return
    now = seen.figures[-1]
    told = METRICS[seen.metric]
    out.print(
        f"{told.title}, {told.meaning}: {now.value:.4g} over the {now.count:,} users of the last {seen.days[-1]} days, "
        "with a view for a shown post",
        highlight=False,
    )
    names = ("relative change", "users", "days, looked at every day", "days, looked at once, at the end")
    table = Table(*(Column(name, justify="right") for name in names))
    for one in found:
        table.add_row(f"{one.mde:.2%}", f"{one.users:,}", f"{one.days:,}", f"{one.days_once:,}")
    out.print(table)


@app.command
def status(*, as_json: Json = False) -> None:
    """What holds now, and every change that led there: with --json a line a change, the last one is what holds."""
    settings = load_settings()
    changes = ledger.changes(settings)
    plan = _known(ledger.standing(changes))
    if as_json:
        for one in changes:
            print_json(one)
        return
    table = Table("when (UTC)", "who", "what", "experiment", "arms", "coverage")
    for one in changes:
        shares = ", ".join(f"{arm} {one.plan.weights[arm]:g}" for arm in one.plan.arms)
        what = f"ship {one.plan.shipped}" if one.action == "ship" else one.action
        table.add_row(f"{one.at:%Y-%m-%d %H:%M}", one.author, what, one.experiment, shares, f"{one.plan.coverage:g}")
    out.print(table)
    out.print(_told(plan), markup=False, highlight=False, soft_wrap=True)
    if plan.salt != settings.experiment.salt:
        ours = settings.experiment
        out.print(
            f"the settings name another, {ours.name} with salt {ours.salt}: feedrank experiment start begins it once "
            "none runs",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _standing() -> tuple[Settings, Plan]:
    settings = load_settings()
    return settings, _known(ledger.standing(ledger.changes(settings)))


def _known(plan: Plan | None) -> Plan:
    if plan is None:
        raise ExperimentError(
            "no experiment was ever started here; feedrank experiment start begins that of the settings"
        )
    return plan


def _record(settings: Settings, action: ledger.Action, plan: Plan, author: str | None, as_json: bool) -> None:
    change = ledger.record(settings, action, plan, author or user_name())
    keep_plan(settings, change.plan)
    if as_json:
        print_json(change)
        return
    out.print(_told(change.plan), markup=False, highlight=False, soft_wrap=True)


def _told(plan: Plan) -> str:
    """A sentence on what holds."""
    since = f"{plan.started_at:%Y-%m-%d %H:%M} UTC"
    if plan.ended_at is not None:
        return f"{plan.name} ran from {since} to {plan.ended_at:%Y-%m-%d %H:%M} UTC; everybody gets {plan.default_arm}"
    shares = ", ".join(f"{arm} {plan.weights[arm]:g}" for arm in plan.arms)
    return f"{plan.name} runs since {since}, salt {plan.salt}: {shares}; coverage {plan.coverage:g}; {plan.design}"


def _share(given: str) -> tuple[str, float]:
    arm, equals, share = given.partition("=")
    try:
        return (arm, float(share)) if equals else _no_share(given)
    except ValueError:
        return _no_share(given)


def _no_share(given: str) -> tuple[str, float]:
    raise ExperimentError(f"{given!r} is no share of an arm; give one an arm, such as: control=0.2 test=0.8")
