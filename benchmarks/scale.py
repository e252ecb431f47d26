"""What does the whole way from PostgreSQL to a published snapshot take, and a refresh, at the course's size?

The course's network (163,205 users, 7,023 posts, 76.9 million events in 90 days) at 1/100, 1/10 and in full. Each size
runs in a process of its own: copy, daily features, embeddings, judgement, training, state, tables, lists of all users,
publication; then a hundredth more events come (a million in full) and are refreshed into another snapshot. Growth is
the exponent of time against size from the smallest to the largest.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from math import log
from pathlib import Path

import msgspec

from benchmarks.copy_rivals import RIVALS, rivals_seconds
from benchmarks.report import Row, report
from benchmarks.scale_run import Measured
from benchmarks.scale_source import course_network
from benchmarks.stage_chart import write_stages

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "scale-stages.svg"
SIZES = (0.01, 0.1, 1.0)
MINUTES, MEMORY, GROWTH, REFRESH = 12, 8, 1.1, 60  # the last in seconds
GIGABYTE = 10**9
# told stages: by name the measured one, and those within it that are told by themselves
STAGES = {
    "copy": ("copy", ()),
    "daily features": ("daily features", ()),
    "judge": ("judge", ()),
    "fit rankers": ("train/fit", ()),
    "state": ("train/state", ()),
    "tables": ("train/tables", ("train/tables/lists",)),
    "lists of all users": ("train/tables/lists", ()),
    "publish": ("publish", ()),
    "refresh": ("refresh", ()),
}
OF_REFRESH = {
    "copy": "refresh/copy",
    "daily features": "refresh/daily features",
    "state": "refresh/write/state",
    "tables": "refresh/write/tables",
    "lists": "refresh/write/tables/lists",
    "publish": "refresh/publish",
}
WHOLE_WAY = ("copy", "daily features", "judge", "train", "publish")


def main() -> bool:
    """Measure each size, report and draw; True when every bound holds."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="feedrank-scale-") as temporary:
        folder = options.data or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for scale in options.sizes:
            _run(scale, folder)
        sizes = [_measured(folder, scale) for scale in SIZES if _result(folder, scale).exists()]
        rivals = {
            name: json.loads(_rivals(folder, size).read_text())[name]
            for name, (_, size, _) in RIVALS.items()
            if _knows(folder, size, name)
        }
    rows = [row for measured in sizes for row in _of_size(measured)]
    if len(sizes) > 1:
        rows += _growth(sizes[0], sizes[-1])
    rows += _copies(sizes, rivals)
    _draw(sizes, options.picture)
    return report("scale", rows)


def _run(scale: float, folder: Path) -> None:
    """Measure one size in a process of its own; the network and what was found stay in `folder`."""
    home = folder / f"home-{scale:g}"
    shutil.rmtree(home, ignore_errors=True)
    with course_network(folder, scale) as dsn:
        arguments = [f"{scale}", dsn, str(home), str(folder / "embeddings.parquet"), str(_result(folder, scale))]
        subprocess.run([sys.executable, "-m", "benchmarks.scale_run", *arguments], check=True)
        _rivals(folder, scale).write_text(json.dumps(rivals_seconds(dsn, scale)))
    shutil.rmtree(home)


def _seconds(measured: Measured, name: str) -> float:
    stage, others = STAGES[name]
    return measured.stages[stage].seconds - sum(measured.stages[other].seconds for other in others)


def _processor(measured: Measured, name: str) -> float:
    """Processor time of our process alone: other work on the machine does not add to it, nor does PostgreSQL's."""
    stage, others = STAGES[name]
    return measured.stages[stage].processor - sum(measured.stages[other].processor for other in others)


def _of_size(measured: Measured) -> list[Row]:
    told = {0.01: "1/100", 0.1: "1/10", 1.0: "full size"}[measured.scale]
    full = measured.scale == 1.0
    rows = [Row(f"{told}, events", measured.events, "rows"), Row(f"{told}, new events", measured.new_events, "rows")]
    for name, (stage, _) in STAGES.items():
        bound = f"<= {REFRESH}" if full and name == "refresh" else None
        rows += [
            Row(f"{told}, {name}", _seconds(measured, name), "s", bound),
            Row(f"{told}, {name}, processor time", _processor(measured, name), "s"),
            Row(f"{told}, {name}, peak memory", measured.stages[stage].peak / GIGABYTE, "GB"),
        ]
    rows += [Row(f"{told}, refresh: {name}", measured.stages[stage].seconds, "s") for name, stage in OF_REFRESH.items()]
    if measured.embedded:
        taken = measured.stages["embeddings"].seconds
        rows.append(Row(f"{told}, embedding {measured.embedded:,} texts for the first time", taken, "s"))
    whole = sum(measured.stages[stage].seconds for stage in WHOLE_WAY)
    peak = max(stage.peak for stage in measured.stages.values()) / GIGABYTE
    rows += [
        Row(f"{told}, from PostgreSQL to the snapshot", whole / 60, "min", f"<= {MINUTES}" if full else None),
        Row(f"{told}, peak memory", peak, "GB", f"<= {MEMORY}" if full else None),
        Row(f"{told}, snapshot", measured.snapshot_bytes / GIGABYTE, "GB"),
        Row(f"{told}, copy / DuckDB's bare copy", measured.copy_ratio, "ratio", "<= 1.2" if full else None),
    ]
    return rows


def _growth(small: Measured, large: Measured) -> list[Row]:
    bound = f"<= {GROWTH}"
    rows = [
        Row(f"growth, {name}", grown, "exponent", bound) for name, grown in _exponents(small, large, _seconds).items()
    ]
    of_processor = _exponents(small, large, _processor)
    return rows + [
        Row(f"growth of processor time, {name}", grown, "exponent", bound) for name, grown in of_processor.items()
    ]


def _exponents(small: Measured, large: Measured, of: Callable[[Measured, str], float]) -> dict[str, float]:
    times = large.events / small.events
    return {name: log(of(large, name) / of(small, name)) / log(times) for name in STAGES}


def _copies(sizes: list[Measured], rivals: dict[str, float]) -> list[Row]:
    """What a million events take, of each at the size at which it was asked; ours at the same one."""
    rows = []
    for name, seconds in rivals.items():
        size = RIVALS[name][1]
        [here] = [measured for measured in sizes if measured.scale == size]
        events = here.events / 1e6
        ours = here.bare_copy * here.copy_ratio
        rows += [
            Row(f"copy of a million events, {name}", seconds / events, "s"),
            Row(f"the same by ours, {size:g} of the network", ours / events, "s"),
            Row(f"ours / {name}", ours / seconds, "ratio", "< 1"),
        ]
    return rows


def _draw(sizes: list[Measured], picture: Path) -> None:
    seconds = {name: [_seconds(measured, name) for measured in sizes] for name in STAGES}
    told = {}
    if len(sizes) > 1:
        grown = _exponents(sizes[0], sizes[-1], _seconds)
        told = {
            name: f"size^{grown[name]:.2f}, {sizes[-1].stages[stage].peak / GIGABYTE:.1f} GB"
            for name, (stage, _) in STAGES.items()
        }
    names = [f"{measured.events / 1e6:.2g} million events" for measured in sizes]
    write_stages(picture, "Seconds of each stage", names, seconds, told)


def _result(folder: Path, scale: float) -> Path:
    return folder / f"measured-{scale:g}.json"


def _rivals(folder: Path, scale: float) -> Path:
    return folder / f"rivals-{scale:g}.json"


def _knows(folder: Path, scale: float, name: str) -> bool:
    file = _rivals(folder, scale)
    return file.exists() and name in json.loads(file.read_text())


def _measured(folder: Path, scale: float) -> Measured:
    return msgspec.json.decode(_result(folder, scale).read_bytes(), type=Measured)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=None, help="keep the networks and what was measured in this folder"
    )
    parser.add_argument("--sizes", type=float, nargs="*", default=SIZES, help="to measure; others as last measured")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(not main())
