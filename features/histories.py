"""What users are like by their whole history of views, chunk of users by chunk: the heavy part of a state's factors.

Each user is learned alone, with the posts as they were fitted, so that no bit depends on who else is. Either here, or
in other processes: then the views of a chunk, which only this process can ask the warehouse for, go there as a file,
and what was learned comes back as one. `features.kept_histories` learns again only whom it has to.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.spread import Spread
from features.array_files import Arrays, mapped, save_arrays
from features.basis import Basis
from features.factor_model import PostFactors, newton_step
from features.known_views import Floats, Views, views_before
from features.some_users import these_users

STEPS = 3  # Newton steps for a user's whole history; the third moves hardly anything
# users whose histories are held in memory at once
CHUNK = 20_000


class History(NamedTuple):
    """What one arm learned of n users, in the K factors that its model uses."""

    theta: Floats  # (n, K)
    precision: Floats  # (n, K (K + 1) / 2) each pair of factors once, as `features.factor_model.pairwise` has them


Learned: TypeAlias = tuple[NDArray[np.int64], dict[str, History]]  # rows of a chunk's users with a view, and by arm
Histories: TypeAlias = Callable[[duckdb.DuckDBPyConnection, Basis, NDArray[np.int64], Floats], Iterator[Learned]]


def learn_here(
    con: duckdb.DuckDBPyConnection, basis: Basis, user_ids: NDArray[np.int64], prior: Floats
) -> Iterator[Learned]:
    """Learn users (U,) with their log-odds by profile and topic (U, T), in this process."""
    common = _common(basis, user_ids, prior)
    for frame in _chunks(con, basis, user_ids):
        yield _learn(frame, common)


@dataclass(frozen=True)
class LearnedInParts:
    """The same by a spread; the files live in `folder`, which every process must see."""

    spread: Spread
    folder: Path

    def __call__(
        self, con: duckdb.DuckDBPyConnection, basis: Basis, user_ids: NDArray[np.int64], prior: Floats
    ) -> Iterator[Learned]:
        """Learn the users, see `learn_here`."""
        common = self.folder / "common.histories"
        save_arrays(
            {name: np.ascontiguousarray(of) for name, of in _common(basis, user_ids, prior).items()}, common, {}
        )
        parts = []
        for number, frame in enumerate(_chunks(con, basis, user_ids)):
            part = HistoryPart(common, self.folder / f"{number}.views", self.folder / f"{number}.history")
            frame.write_parquet(part.views)
            parts.append(part)
        for file in self.spread(learn_part, parts):
            arrays = mapped(file)[0]
            of_arms = {arm: History(*(arrays[f"{arm}_{name}"] for name in History._fields)) for arm in basis.spaces}
            yield arrays["rows"], of_arms


@dataclass(frozen=True)
class HistoryPart:
    """One chunk of users."""

    common: Path  # what all chunks need, see `_common`
    views: Path  # user_id, post_id, liked; in order of user and post
    history: Path  # where to leave `rows` and the arrays of each arm's `History`


def learn_part(part: HistoryPart) -> Path:
    """Learn the users of one chunk."""
    rows, of_arms = _learn(pl.read_parquet(part.views), mapped(part.common)[0])
    arrays: Arrays = {"rows": rows}
    for arm, history in of_arms.items():
        arrays |= {f"{arm}_{name}": of for name, of in history._asdict().items()}
    save_arrays({name: np.ascontiguousarray(of) for name, of in arrays.items()}, part.history, {})
    return part.history


def _chunks(con: duckdb.DuckDBPyConnection, basis: Basis, user_ids: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    for start in range(0, len(user_ids), CHUNK):
        chunk = these_users(user_ids[start : start + CHUNK])
        yield views_before(con, basis.fitted.cut, basis.settings.attribution_window, chunk)


def _common(basis: Basis, user_ids: NDArray[np.int64], prior: Floats) -> Arrays:
    arrays: Arrays = {"user_ids": user_ids, "prior": prior}
    arrays |= {"post_ids": basis.posts.ids, "topic_rows": basis.posts.topic_rows}
    for arm, model in basis.fitted.factors.items():
        posts = basis.fitted_posts[arm].first(model.used)
        weight = np.array([posts.profile_weight], np.float32)
        arrays |= {f"{arm}_quality": posts.quality, f"{arm}_factors": posts.factors, f"{arm}_weight": weight}
    return arrays


def _learn(frame: pl.DataFrame, common: Arrays) -> Learned:
    views = Views.of(frame, common["post_ids"])
    rows = np.searchsorted(common["user_ids"], views.user_ids)
    prior = common["prior"][rows[views.user], common["topic_rows"][views.post]]

    def learn(arm: str) -> History:
        posts = PostFactors(common[f"{arm}_quality"], common[f"{arm}_factors"], common[f"{arm}_weight"][0])
        width = posts.factors.shape[1]
        unit = np.eye(width, dtype=np.float32)[None]
        theta = nothing = np.zeros((len(rows), width), np.float32)
        for _ in range(STEPS):
            theta, precision = newton_step(views, prior, posts, theta, unit, nothing)
        first, second = np.tril_indices(width)
        return History(theta, precision[:, first, second])

    arms = [name.removesuffix("_quality") for name in common if name.endswith("_quality")]
    # sums are made in one order on any machine, by one thread an arm
    with threadpool_limits(limits=1), ThreadPoolExecutor(len(arms)) as pool:
        return rows, dict(zip(arms, pool.map(learn, arms), strict=True))
