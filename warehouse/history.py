"""When which snapshot was live: `history.jsonl`, one line a switch, only ever added to."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

FILE = "history.jsonl"
Action = Literal["publish", "rollback", "promote"]


class Switch(msgspec.Struct, frozen=True):
    """From `time` (UTC) on, `snapshot` was live."""

    time: datetime
    snapshot: str
    action: Action
    by: str


def read_history(folder: Path) -> list[Switch]:
    """All switches, oldest first. A line that a power cut left half written is passed over."""
    try:
        lines = (folder / FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    switches = []
    for line in lines:
        try:
            switches.append(msgspec.json.decode(line, type=Switch))
        except msgspec.DecodeError:
            continue
    return switches


def append_switch(folder: Path, switch: Switch) -> None:
    """Add one line and wait until it is on the disk."""
    file = folder / FILE
    line = msgspec.json.encode(switch) + b"\n"
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
