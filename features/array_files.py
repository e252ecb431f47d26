"""Arrays in a file, mapped into memory: in the safetensors format, whose own loader copies every array.

Source: safetensors, "Format": 8 bytes length of the header, the header in JSON, then the arrays at its offsets.
"""

import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

TOLD = "told"
Arrays = dict[str, NDArray[Any]]
TYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "U32": np.uint32, "I64": np.int64, "BOOL": np.bool_}
NAMES = {kind: name for name, kind in TYPES.items()}


def save_arrays(arrays: Arrays, path: Path, told: dict[str, Any]) -> None:
    """Write arrays, and what is told of them, the same bytes each time: several entries would come in any order."""
    save_file(arrays, path, {TOLD: msgspec.json.encode(told).decode()})


@contextmanager
def new_arrays(
    path: Path, shapes: Mapping[str, tuple[type[np.generic], int]], told: dict[str, Any]
) -> Iterator[Arrays]:
    """Make a file of flat arrays, all zero, to be filled where they lie: for more than should be held in memory."""
    header: dict[str, Any] = {"__metadata__": {TOLD: msgspec.json.encode(told).decode()}}
    end = 0
    for name, (kind, length) in shapes.items():
        start, end = end, end + length * np.dtype(kind).itemsize
        header[name] = {"dtype": NAMES[kind], "shape": [length], "data_offsets": [start, end]}
    text = msgspec.json.encode(header)
    text += b" " * (-len(text) % 8)
    with path.open("w+b") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        begin = file.tell()
        file.truncate(begin + end)
        with mmap.mmap(file.fileno(), 0) as content:
            arrays = {
                name: np.frombuffer(content, kind, length, begin + header[name]["data_offsets"][0])
                for name, (kind, length) in shapes.items()
            }
            try:
                yield arrays
            finally:
                arrays.clear()  # nothing may refer to the map when it is closed


def read_header(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """Read what a safetensors file says of its arrays, and where they begin."""
    length = int.from_bytes(file.read(8), "little")
    return msgspec.json.decode(file.read(length)), 8 + length


def mapped(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """Map what `save_arrays` wrote: the arrays as read-only views into the file, and what is told of them."""
    with path.open("rb") as file:
        header, begin = read_header(file)
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    told = msgspec.json.decode(header.pop("__metadata__")[TOLD])
    arrays = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        kind = np.dtype(TYPES[entry["dtype"]])
        flat = np.frombuffer(content, kind, (end - start) // kind.itemsize, begin + start)
        arrays[name] = flat.reshape(entry["shape"])
    return arrays, told
