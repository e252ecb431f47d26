"""When which snapshot was live: `history.jsonl`, one line a switch, only ever added to."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from core.files import replace_file

FILE = "history.jsonl"
Action = Literal["publish", "rollback", "promote"]


class Switch(msgspec.Struct, frozen=True):
    """From `time` (UTC) on, `snapshot` was live."""

    time: datetime
    snapshot: str
    action: Action
    by: str


def read_history(folder: Path) -> list[Switch]:
    """All switches, oldest first."""
    try:
        return parse_history((folder / FILE).read_bytes())
    except FileNotFoundError:
        return []


def parse_history(content: bytes) -> list[Switch]:
    """The switches of a history's content. A line that a power cut left half written is passed over."""
    switches = []
    for line in content.splitlines():
        try:
            switches.append(msgspec.json.decode(line, type=Switch))
        except msgspec.DecodeError:
            continue
    return switches


def format_history(switches: Sequence[Switch]) -> bytes:
    """What `parse_history` reads."""
    return b"".join(msgspec.json.encode(switch) + b"\n" for switch in switches)


def write_history(folder: Path, switches: Sequence[Switch]) -> None:
    """Replace the history."""
    replace_file(folder / FILE, format_history(switches))


def append_switch(folder: Path, switch: Switch) -> None:
    """Add one line and wait until it is on the disk."""
    file = folder / FILE
    line = format_history([switch])
    if file.exists() and not file.read_bytes().endswith(b"\n"):
        line = b"\n" + line  # the last line is half written, and must not take this one with it
    with file.open("ab", buffering=0) as out:
        out.write(line)
        os.fsync(out.fileno())


def complete_history(folder: Path, current: Path) -> None:
    """Add the switch that a process killed between switching and writing it down has left out."""
    if not current.is_symlink():
        return
    live = current.readlink().name
    switches = read_history(folder)
    if not switches or switches[-1].snapshot != live:
        moment = datetime.fromtimestamp(current.lstat().st_mtime, UTC)
        append_switch(folder, Switch(moment, live, "publish", "unknown (killed before it was written down)"))
