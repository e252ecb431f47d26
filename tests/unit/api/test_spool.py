"""The spool: what was synced is read again, whatever happened to its writer."""

import logging
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.spool import Spool

WRITER = """
import sys, time
from pathlib import Path
from api.spool import Spool
spool = Spool(Path(sys.argv[1]), lambda line: True)
spool.append([b'"of a dead one"\\n'])
spool.sync()
print("synced", flush=True)
time.sleep(60)
"""


def is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except ValueError:
        return False
    return True


def spool_in(folder: Path, segment_bytes: int = 1 << 20) -> Spool:
    return Spool(folder, is_json, segment_bytes)


def waiting(folder: Path) -> list[bytes]:
    """All lines that can be taken, in order."""
    return [line for segment in spool_in(folder).take() for line in segment.lines]


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_segment_is_taken_once_it_is_closed_and_deleted_once_it_is_done_with(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append([b"1\n", b"2\n"])
    spool.sync()
    assert (waiting(tmp_path), spool.count()) == ([], 2)
    spool.rotate()
    assert (waiting(tmp_path), spool.count(), spool_in(tmp_path).count()) == ([b"1\n", b"2\n"], 2, 2)
    for segment in spool.take():
        assert waiting(tmp_path) == []  # locked by whoever has it
        spool.remove(segment)
    assert (list(tmp_path.iterdir()), spool.count()) == ([], 0)


def test_a_long_segment_is_closed_by_itself_and_the_order_stays(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, segment_bytes=10)
    lines = [b"%d\n" % number for number in range(100, 200)]
    for line in lines:
        spool.append([line])
        spool.sync()
    spool.rotate()
    assert len(list(tmp_path.iterdir())) == 34  # three lines each
    assert waiting(tmp_path) == lines


def test_a_segment_of_a_living_process_is_left_alone_and_that_of_a_dead_one_is_adopted(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"synced\n"
        assert (waiting(tmp_path), spool_in(tmp_path).count()) == ([], 0)
        writer.kill()
    assert (spool_in(tmp_path).count(), waiting(tmp_path)) == (1, [b'"of a dead one"\n'])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    batches=st.lists(st.lists(st.text(max_size=5).map(lambda text: msgspec.json.encode([text]) + b"\n"), max_size=4)),
    data=st.data(),
)
def test_a_crash_at_any_byte_leaves_every_whole_line_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[bytes]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool = spool_in(folder)
    for batch in batches:
        spool.append(batch)
        spool.sync()
    spool.rotate()
    content = b"".join(line for batch in batches for line in batch)
    at = data.draw(st.integers(0, len(content)))
    for file in folder.iterdir():
        assert file.read_bytes() == content
        file.write_bytes(content[:at])
    whole = [line + b"\n" for line in content[:at].splitlines() if is_json(line)]
    segments = list(spool_in(folder).take())
    assert [line for segment in segments for line in segment.lines] == whole
    assert [segment.damaged for segment in segments if segment.damaged] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=200))
def test_no_line_of_any_content_is_dropped_in_silence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("spool")
    (folder / "1.jsonl").write_bytes(content)
    spool = spool_in(folder)
    for segment in spool.take():
        spool.remove(segment, refused=segment.lines)
        found = sorted([*segment.lines, *segment.damaged, *([segment.torn + b"\n"] if segment.torn else [])])
    assert found == sorted(line + b"\n" for line in content.removesuffix(b"\n").split(b"\n") if content)
    kept = sorted([*segment.damaged, *segment.lines])
    files = list(folder.iterdir())
    assert sorted(files[0].read_bytes().splitlines(keepends=True) if files else []) == sorted(
        b"".join(kept).splitlines(keepends=True)
    )


def test_a_torn_last_line_is_told_and_a_damaged_one_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "1.jsonl").write_bytes(b'1\nnonsense\n2\n{"cut": "sho')
    spool = spool_in(tmp_path)
    for segment in spool.take():
        assert segment.lines == [b"1\n", b"2\n"]
        spool.remove(segment)
    assert [file.name for file in tmp_path.iterdir()] == ["1.damaged"]
    assert (tmp_path / "1.damaged").read_bytes() == b"nonsense\n"
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.ERROR]


def test_a_disk_that_takes_half_a_line_keeps_the_whole_ones_and_takes_the_rest_later(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append([b"1\n", b"2\n"])
    spool.sync()
    with files_no_longer_than(7), pytest.raises(OSError, match="too large"):
        spool.append([b"3\n", b"45678\n"])
    spool.append([b"3\n", b"45678\n"])
    spool.sync()
    spool.rotate()
    segments = list(spool_in(tmp_path).take())
    assert [segment.lines for segment in segments] == [[b"1\n", b"2\n"], [b"3\n", b"45678\n"]]
    assert [segment.torn for segment in segments] == [b"", b""]
