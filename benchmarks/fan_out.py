"""How much faster do two Dask workers embed texts and recommend to everybody than one, with the same results?

A snapshot of the course's posts and a part of its users, and texts of its length. Both steps go through the flows' own
way to Dask: a Prefect task a part. Workers are started, and have loaded model and snapshot, before the clock starts.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import duckdb
from prefect import flow
from prefect.testing.utilities import prefect_test_harness

from benchmarks.course_network import Size, draw_network
from benchmarks.course_size import publish_course_size
from benchmarks.report import Row, report
from core.columns import TEXT
from core.settings import Settings
from core.spread import Spread
from features.text_parts import InParts
from features.text_transformer import embed_texts
from flows.fan_out import fan_out
from ranking.batch import Partition, make_partition, partitions
from warehouse.snapshots import current

START_LIMIT = 300  # seconds


def main() -> bool:
    """Measure and report; True when every bound holds."""
    options = _options()
    size = Size(options.users, options.posts, options.users * 57)
    with tempfile.TemporaryDirectory(prefix="feedrank-fan-out-") as temporary:
        home = options.home or Path(temporary)
        settings = Settings.model_validate({"home": home})
        if not (settings.snapshots_folder / "current").exists():
            publish_course_size(settings, size)
        seconds: dict[tuple[str, int], float] = {}
        digests: dict[tuple[str, int], str] = {}
        # a server of its own: the one that a flow starts for itself is given too little time to start on a busy machine
        with prefect_test_harness(server_startup_timeout=START_LIMIT):
            for workers in (1, 2):
                flows = settings.flows.model_copy(update={"runner": "dask", "workers": workers})
                measured = measure(
                    settings.model_copy(update={"flows": flows}), options.texts, options.parts, Path(temporary)
                )
                for step, (took, digest) in measured.items():
                    seconds[step, workers], digests[step, workers] = took, digest
    rows = []
    for step in ("embedding", "batch scoring"):
        rows += [
            Row(f"{step}, 1 worker", seconds[step, 1], "s"),
            Row(f"{step}, 2 workers", seconds[step, 2], "s"),
            Row(f"{step}, 1 worker / 2 workers", seconds[step, 1] / seconds[step, 2], "ratio", ">= 1.5"),
            Row(f"{step}, results differ", float(digests[step, 1] != digests[step, 2]), "of 1", "== 0"),
        ]
    return report("fan_out", rows)


@flow(name="fan-out benchmark")
def measure(settings: Settings, number: int, parts: int, folder: Path) -> dict[str, tuple[float, str]]:
    """Seconds and a digest of the results of each step, so many texts embedded: Prefect takes no long parameters."""
    workers = settings.flows.workers
    texts = draw_network(Size(100, number, 1_000)).posts[TEXT].to_list()
    with fan_out(settings) as spread:
        assert spread is not None
        with scratch(folder) as work:
            embed(spread, texts[: 300 * workers], settings, work)  # a part a worker: each loads the model
        with scratch(folder) as work:
            started = time.perf_counter()
            vectors = embed(spread, texts, settings, work)
            embedding = time.perf_counter() - started, vectors
        todo = _partitions(settings, folder / "lists")[:parts]
        with scratch(folder / "lists"):
            list(spread(make_partition, todo[:workers]))
        with scratch(folder / "lists"):
            started = time.perf_counter()
            files = list(spread(make_partition, todo))
            took = time.perf_counter() - started
            digest = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return {"embedding": embedding, "batch scoring": (took, digest)}


def embed(spread: Spread, texts: Sequence[str], settings: Settings, work: Path) -> str:
    """Embed texts that no cache holds; a digest of the vectors."""
    hashes = [sha256(text.encode()).hexdigest() for text in texts]
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA features")
        con.execute("CREATE TABLE features.text_embeddings(model VARCHAR, text_hash VARCHAR, vector FLOAT[])")
        elsewhere = InParts(spread, work, settings.features)
        return sha256(embed_texts(con, texts, hashes, settings.features, None, elsewhere).tobytes()).hexdigest()


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder for parts, empty at first and gone afterwards."""
    work = folder / "parts" if folder.exists() else folder
    work.mkdir(parents=True)
    yield work
    shutil.rmtree(work)


def _partitions(settings: Settings, folder: Path) -> list[Partition]:
    snapshot = current(settings)
    return partitions(snapshot.folder, folder, snapshot.manifest.rows["users"], settings.ranking)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=32_000)
    parser.add_argument("--posts", type=int, default=Size.posts)
    parser.add_argument("--texts", type=int, default=1_536, help="to embed")
    parser.add_argument("--parts", type=int, default=8, help="partitions of users to make, at most")
    parser.add_argument("--home", type=Path, default=None, help="keep the snapshot here, and use the one that is here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(not main())
