"""Embeddings of posts newer than the snapshot: made by a helper process, so that no worker loads the transformer.

Of all workers over one home, one at a time starts the helper (`python -m api.embed`): the helper inherits the lock on
`home/live/embed.lock` and the kernel frees it when it ends, however that is. It writes a file that all of them read.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from core.logging import get_logger
from core.settings import FeatureSettings, Settings
from features.known_views import Floats
from features.live_posts import text_hash

log = get_logger(__name__)

KEPT = 5_000  # vectors in the file, 1.5 KB each; of more, the oldest go
AGAIN = 60.0  # seconds after a helper that failed


class Work(msgspec.Struct):
    """What the helper is told, as JSON."""

    file: str  # where the vectors go
    features: dict[str, object]  # names the model and its limits
    texts: list[str]


class Embeddings:
    """Vectors by text hash, as far as they have been made; for one thread."""

    def __init__(self, settings: Settings) -> None:
        self.vectors: dict[str, Floats] = {}
        self._folder = settings.home / "live"
        self._features = settings.features
        self._helper: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0
        self._read: tuple[Path, int] | None = None  # which file as of when

    def refresh(self, transformer: str, texts: Collection[str]) -> bool:
        """Read what there is by now, and have the missing ones made; True if there are new ones.

        `transformer` is the model that the snapshot reads texts with.
        """
        features = self._features.model_copy(update={"transformer_model": transformer})
        file = self._folder / f"embeddings-{hashlib.sha256(transformer.encode()).hexdigest()[:16]}.safetensors"
        news = self._look(file)
        missing = [text for text in texts if text.strip() and text_hash(text) not in self.vectors]
        if missing and not self._busy() and time.monotonic() >= self._not_before:
            self._start(file, features, missing)
        return news

    def stop(self) -> None:
        """End the helper, if it runs."""
        if self._helper is not None:
            self._helper.terminate()
            self._helper.wait()

    def _look(self, file: Path) -> bool:
        try:
            seen = file, file.stat().st_mtime_ns
            if seen == self._read:
                return False
            self.vectors = read_vectors(file)
        except FileNotFoundError:
            if self._read is None or self._read[0] == file:
                return False
            seen, self.vectors = (file, 0), {}
        except (OSError, SafetensorError) as error:
            log.error("cannot read the embeddings of new posts, %s: %s", file, error)
            return False
        self._read = seen
        return True

    def _busy(self) -> bool:
        """Whether our helper still runs."""
        if self._helper is None:
            return False
        code = self._helper.poll()
        if code is None:
            return True
        self._helper = None
        if code:
            self._not_before = time.monotonic() + AGAIN
            log.error("embedding new posts failed (exit code %s); they are recommended by topic in the test arm", code)
        return False

    def _start(self, file: Path, features: FeatureSettings, texts: list[str]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        work = Work(str(file), features.model_dump(mode="json"), texts)
        lock = os.open(self._folder / "embed.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with TemporaryFile() as told:
                told.write(msgspec.json.encode(work))
                told.seek(0)
                self._helper = subprocess.Popen([sys.executable, "-m", "api.embed"], stdin=told, pass_fds=[lock])
        except BlockingIOError:
            return  # another worker's helper is at it
        finally:
            os.close(lock)


def read_vectors(file: Path) -> dict[str, Floats]:
    """The vectors in a file by text hash, in the order they came."""
    with safe_open(file, "numpy") as tensors:
        hashes, vectors = tensors.get_tensor("hashes"), tensors.get_tensor("vectors")
    return {bytes(one).hex(): vector for one, vector in zip(hashes, vectors, strict=True)}


def write_vectors(file: Path, vectors: dict[str, Floats]) -> None:
    """Replace the file by one with the newest of these; whoever reads it sees the old or the new one."""
    newest = dict(list(vectors.items())[-KEPT:])
    arrays: dict[str, NDArray[Any]] = {
        "hashes": np.array([list(bytes.fromhex(one)) for one in newest], np.uint8),
        "vectors": np.stack(list(newest.values())),
    }
    draft = file.with_suffix(".draft")
    save_file(arrays, draft)
    draft.replace(file)
