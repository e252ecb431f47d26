"""A closed-loop load generator: N connections that stay open, each sending its next request when it has its answer.

`start_load` starts it in a process of its own, so that it shares no interpreter with whoever started it. It keeps one
latency a request and reads no more of an answer than it must to judge it, so that half a core sends several thousand
requests a second.
"""

import argparse
import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import uvloop
from numpy.typing import NDArray

PATH = "/post/recommendations?id={id}&limit=5"
GOOD_STATUS = b"HTTP/1.1 200 "
POSTS = b'"recommendations":[{'  # an answer that holds at least one post
END_OF_HEAD, LENGTH, REQUEST_ID = b"\r\n\r\n", b"\r\ncontent-length: ", b"\r\nx-request-id: "
RECONNECT = 0.05  # seconds between attempts to connect where nobody listens
CONNECT_EVERY = 0.05  # seconds between the first connections
ANSWER_LIMIT = 10.0  # seconds after which an answer counts as lost
MOST_FAILURES_TOLD = 20


class Outcome(msgspec.Struct):
    """What a run measured. Latencies and the moments of their ends are in the arrays of `Load`."""

    seconds: float
    failures: list[str]  # the first ones, in words
    failed: int
    reconnects: int  # connections that had to be made anew


@dataclass(frozen=True)
class Load:
    """N answered requests, in the order in which they were answered."""

    latencies: NDArray[np.float64]  # (N,) seconds
    ended: NDArray[np.float64]  # (N,) by `time.perf_counter`, whose clock all processes of a Linux machine share
    request_ids: list[str]  # N, if they were wanted
    outcome: Outcome

    def percentile(self, percent: float) -> float:
        """Milliseconds."""
        return float(np.percentile(self.latencies, percent)) * 1000 if len(self.latencies) else float("nan")

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.outcome.seconds


@dataclass
class Tally:
    """What all connections write to."""

    latencies: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    reconnects: int = 0


class Connection(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, judges it, sends again until it is told to stop."""

    def __init__(self, load: "Generator") -> None:
        self._load = load
        self._received = bytearray()
        self._needed = 0  # bytes of the answer under way, 0 before its head is complete
        self._sent_at = 0.0
        self._waiting = False
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        if not self._needed:
            end = received.find(END_OF_HEAD)
            if end < 0:
                return
            head = bytes(received[:end]).lower() + b"\r\n"
            at = head.find(LENGTH)
            if at < 0:
                self._fail(f"no length in {head[:80]!r}")
                return
            at += len(LENGTH)
            self._needed = end + len(END_OF_HEAD) + int(head[at : head.index(b"\r", at)])
        if len(received) >= self._needed:
            self._answered()

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting:
            self._load.failed(f"connection lost while an answer was due: {error!r}")
        if not self.closed.done():
            self.closed.set_result(None)

    def give_up(self) -> None:
        """Close because the answer is late."""
        if self._waiting and time.perf_counter() - self._sent_at > ANSWER_LIMIT:
            self._fail(f"no answer within {ANSWER_LIMIT:g} s")

    def _send(self) -> None:
        if self._load.over:
            self._waiting = False
            self._transport.close()
            return
        self._received.clear()
        self._needed, self._waiting = 0, True
        request = self._load.next_request()
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def _answered(self) -> None:
        self._waiting = False
        self._load.answered(self._sent_at, self._received)
        self._send()

    def _fail(self, why: str) -> None:
        self._waiting = False
        self._load.failed(why)
        self._transport.close()


class Generator:
    """Draws requests and judges answers for all connections."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        ids = np.load(options.users)
        drawn = np.random.default_rng(options.seed).permutation(ids).tolist()
        host = f"{options.host}:{options.port}"
        self._requests = [
            f"GET {options.path.format(id=user)} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode() for user in drawn
        ]
        self._next, self._tally, self.over = 0, Tally(), False
        self._measured_from = float("inf")

    def next_request(self) -> bytes:
        request = self._requests[self._next % len(self._requests)]
        self._next += 1
        return request

    def answered(self, sent_at: float, answer: bytearray) -> None:
        now = time.perf_counter()
        if not answer.startswith(GOOD_STATUS) or POSTS not in answer:
            self.failed(bytes(answer[:300]).decode(errors="replace"))
            return
        if sent_at < self._measured_from:
            return
        self._tally.latencies.append(now - sent_at)
        self._tally.ended.append(now)
        if self._options.request_ids:
            head = bytes(answer[: answer.index(END_OF_HEAD) + 2]).lower()
            at = head.index(REQUEST_ID) + len(REQUEST_ID)
            self._tally.request_ids.append(head[at : head.index(b"\r", at)].decode())

    def failed(self, why: str) -> None:
        """Remember it; a failure counts at any time, warming up included."""
        self._tally.failures[why] += 1

    async def run(self) -> tuple[Tally, float]:
        """Give the tally, and how long was measured in seconds."""
        options, told = self._options, asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
        workers = []
        for _ in range(options.connections):
            workers.append(asyncio.create_task(self._keep_connected()))
            # clients do not come in one instant; of such a burst, the server process that wakes first takes all
            await asyncio.sleep(CONNECT_EVERY)
        await asyncio.sleep(options.warm_up)
        self._measured_from = started = time.perf_counter()
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), options.seconds)
        self.over = True
        seconds = time.perf_counter() - started
        await asyncio.wait(workers, timeout=ANSWER_LIMIT)
        return self._tally, seconds

    async def _keep_connected(self) -> None:
        """Connect, and connect again when the server closed: one that restarts is expected to be back."""
        loop, options, made = asyncio.get_running_loop(), self._options, 0
        while not self.over:
            try:
                _, connection = await loop.create_connection(lambda: Connection(self), options.host, options.port)
            except OSError:
                await asyncio.sleep(RECONNECT)
                continue
            self._tally.reconnects += made > 0
            made += 1
            while not connection.closed.done():
                await asyncio.wait([connection.closed], timeout=1)
                connection.give_up()


class RunningLoad:
    """A load generator at work."""

    def __init__(self, process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
        self.process = process
        self._folder = folder

    def stop(self) -> Load:
        """End it before its time."""
        self.process.send_signal(signal.SIGTERM)
        return self.result()

    def result(self) -> Load:
        """Wait for its end."""
        with self._folder as folder:
            if self.process.wait() != 0:
                raise RuntimeError(f"the load generator ended with {self.process.returncode}")
            measured = np.load(Path(folder) / "measured.npz")
            outcome = msgspec.json.decode((Path(folder) / "outcome.json").read_bytes(), type=Outcome)
            ids = (Path(folder) / "request_ids.txt").read_text().split()
        return Load(measured["latencies"], measured["ended"], ids, outcome)


def start_load(
    port: int,
    users: Sequence[int] | NDArray[np.int64],
    *,
    connections: int,
    seconds: float,
    warm_up: float = 2.0,
    path: str = PATH,
    request_ids: bool = False,
) -> RunningLoad:
    """Send requests for `users`, in an order drawn at random, to 127.0.0.1:`port`, from another process."""
    folder = tempfile.TemporaryDirectory(prefix="feedrank-load-")
    np.save(Path(folder.name) / "users.npy", np.asarray(users, np.int64))
    command = [sys.executable, "-c", "from benchmarks.load import main; main()", "--port", str(port), "--path", path]
    command += ["--users", f"{folder.name}/users.npy", "--results", folder.name]
    command += ["--connections", str(connections), "--seconds", str(seconds), "--warm-up", str(warm_up)]
    if request_ids:
        command.append("--request-ids")
    return RunningLoad(subprocess.Popen(command), folder)


def main() -> None:
    """Send requests as the command line says, and write what was measured."""
    options = _options()
    tally, seconds = uvloop.run(Generator(options).run())
    folder = Path(options.results)
    np.savez(folder / "measured.npz", latencies=np.array(tally.latencies), ended=np.array(tally.ended))
    told = [f"{count} times: {why}" for why, count in tally.failures.most_common(MOST_FAILURES_TOLD)]
    outcome = Outcome(seconds, told, tally.failures.total(), tally.reconnects)
    (folder / "outcome.json").write_bytes(msgspec.json.encode(outcome))
    (folder / "request_ids.txt").write_text("\n".join(tally.request_ids))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default=PATH, help="with {id} where the user's id goes")
    parser.add_argument("--users", required=True, help="file of user ids (.npy)")
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--warm-up", type=float, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--request-ids", action="store_true", help="remember the X-Request-Id of each good answer")
    parser.add_argument("--results", required=True, help="folder for what was measured")
    return parser.parse_args()
