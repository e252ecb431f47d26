"""The serving state as one file of a snapshot, mapped into memory: nothing is parsed, copied or held twice.

Workers that map the same file share its pages, only rows that are asked for need be in memory at all, and a service
over ten million users starts as fast as one over a thousand.
"""

from datetime import date
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from core.columns import ARMS
from features.array_files import Arrays, mapped, save_arrays
from features.as_of import PostFeatures, UserFeatures
from features.catalog import Layout
from features.factor_model import PostFactors
from features.serving_state import ServingState
from features.text_space import TextSpace

ARRAYS_FILE = "state.safetensors"


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
