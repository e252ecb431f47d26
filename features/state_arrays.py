"""The serving state as one file of a snapshot, mapped into memory: nothing is parsed, copied or held twice.

Workers that map the same file share its pages, only rows that are asked for need be in memory at all, and a service
over ten million users starts as fast as one over a thousand. The file is in the safetensors format; its own loader
copies every array, so the header is read here and the arrays are views into the file.

Source: safetensors, "Format": 8 bytes length of the header, the header in JSON, then the arrays at its offsets.
"""

import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy.sparse import csr_array

from core.columns import ARMS
from features.as_of import PostFeatures, UserFeatures
from features.catalog import Layout
from features.factor_model import PostFactors
from features.serving_state import ServingState
from features.text_space import TextSpace

ARRAYS_FILE = "state.safetensors"
TOLD = "told"
Arrays = dict[str, NDArray[Any]]
TYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "U32": np.uint32, "I64": np.int64, "BOOL": np.bool_}
NAMES = {kind: name for name, kind in TYPES.items()}


def save_state(state: ServingState, folder: Path) -> None:
    """Write the state into a snapshot under construction."""
    arrays: Arrays = {
        "user_ids": state.user_ids,
        "user_values": state.users.values,
        "user_topics": state.users.topics,
        "user_prior": state.users.prior,
        "liked_offsets": state.liked_offsets,
        "liked_posts": state.liked_posts,
        "post_ids": state.post_ids,
        "post_values": state.posts.values,
        "post_topics": state.posts.topic_rows,
        "eligible": state.eligible,
        "neighbours_starts": state.neighbours.indptr.astype(np.int64),
        "neighbours_posts": state.neighbours.indices.astype(np.int32),
        "neighbours_similarity": state.neighbours.data,
    }
    for arm in ARMS:
        space, learned = state.spaces[arm], state.post_factors[arm]
        arrays |= {
            f"{arm}_user_liked": state.users.liked[arm],
            f"{arm}_user_factors": state.user_factors[arm],
            f"{arm}_vectors": space.vectors,
            f"{arm}_components": space.components,
            f"{arm}_distances": space.distances,
            f"{arm}_quality": learned.quality,
            f"{arm}_factors": learned.factors,
            f"{arm}_profile_weight": np.array([learned.profile_weight], np.float32),
        }
    told = {"cut": state.cut.isoformat(), "names": state.layout.names, "topics": state.topics}
    save_arrays({name: np.ascontiguousarray(of) for name, of in arrays.items()}, folder / ARRAYS_FILE, told)


def open_state(folder: Path) -> ServingState:
    """Map what `save_state` wrote; the arrays are read-only, and the same to the last bit."""
    arrays, told = mapped(folder / ARRAYS_FILE)
    topics, post_ids = told["topics"], arrays["post_ids"]
    near = (arrays["neighbours_similarity"], arrays["neighbours_posts"], arrays["neighbours_starts"])
    return ServingState(
        cut=date.fromisoformat(told["cut"]),
        layout=Layout.of_names(told["names"]),
        user_ids=arrays["user_ids"],
        users=UserFeatures(
            values=arrays["user_values"],
            topics=arrays["user_topics"],
            prior=arrays["user_prior"],
            liked={arm: arrays[f"{arm}_user_liked"] for arm in ARMS},
        ),
        liked_offsets=arrays["liked_offsets"],
        liked_posts=arrays["liked_posts"],
        post_ids=post_ids,
        posts=PostFeatures(arrays["post_values"], np.arange(len(post_ids)), arrays["post_topics"]),
        topics=topics,
        eligible=arrays["eligible"],
        spaces={
            arm: TextSpace(arrays[f"{arm}_vectors"], arrays[f"{arm}_components"], arrays[f"{arm}_distances"])
            for arm in ARMS
        },
        post_factors={
            arm: PostFactors(arrays[f"{arm}_quality"], arrays[f"{arm}_factors"], arrays[f"{arm}_profile_weight"][0])
            for arm in ARMS
        },
        user_factors={arm: arrays[f"{arm}_user_factors"] for arm in ARMS},
        neighbours=csr_array(near, shape=(len(post_ids), len(post_ids))),
    )


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
