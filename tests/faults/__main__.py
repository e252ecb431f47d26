"""`make faults`: kill a night at 50 points and the API at 20, and write what became of it into docs/reliability.md."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.postgres import temporary_postgres
from tests.faults.network import two_snapshots
from tests.faults.outcome import Outcome
from tests.faults.pipeline import Scene
from tests.faults.service import killed_services

PAGE = Path("docs/reliability.md")
BEGIN, END = "<!-- written by make faults -->\n", "<!-- end -->\n"


def main() -> int:
    """1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nights", type=int, default=50)
    parser.add_argument("--services", type=int, default=20)
    options = parser.parse_args()
    with temporary_postgres() as postgres, TemporaryDirectory(prefix="feedrank-faults-") as home:
        folder = Path(home)
        trained = two_snapshots(postgres, folder / "trained")
        scene = Scene.of(trained.clone(postgres, folder / "night"), folder)
        nights = told("a night", scene.outcomes(scene.points(options.nights), folder))
        services = told("the API", killed_services(trained.clone(postgres, folder / "service"), options.services))
    rows = [*table("a night", nights), *table("the API", services)]
    write(PAGE, rows)
    return int(any(outcome.wrong for outcome in nights + services))


def told(what: str, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """All outcomes, each told as it comes."""
    kept = []
    for outcome in outcomes:
        ended = "killed" if outcome.struck else "over before"
        print(f"{what}, {outcome.stage}: {ended}; {'; '.join(outcome.wrong) or 'all is well'}", flush=True)
        kept.append(outcome)
    return kept


def table(what: str, outcomes: list[Outcome]) -> list[str]:
    """Rows of a Markdown table, one a stage."""
    rows = []
    for stage in dict.fromkeys(outcome.stage for outcome in outcomes):
        of_stage = [outcome for outcome in outcomes if outcome.stage == stage]
        killed, wrong = sum(outcome.struck for outcome in of_stage), sum(bool(outcome.wrong) for outcome in of_stage)
        rows.append(f"| {what} | {stage} | {len(of_stage)} | {killed} | {wrong} |\n")
    return rows


def write(page: Path, rows: list[str]) -> None:
    """Replace the part of the page that this program has written."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    head = "| what | killed during | points | killed | wrong afterwards |\n|---|---|---|---|---|\n"
    page.write_text(before + BEGIN + head + "".join(rows) + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
