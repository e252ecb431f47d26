"""Users' histories kept from one state to the next: who has nothing new is not learned again.

A history follows from what the user did and what became of it, from the posts as they were fitted, and from the user's
log-odds by profile. For every user the first two are one number, an exclusive or over hashes of the events; the third
is kept as it is. Whoever has another number or other odds is learned anew, the others' histories are carried over as
they are, so that the result is the one that learning everybody would give, to the last bit. No mark of a copy need be
trusted: late events, repairs, edited posts and another fit show in the numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import POST_ID, USER_ID
from core.files import replacing
from core.logging import get_logger
from features.array_files import Arrays, mapped, save_arrays
from features.basis import Basis
from features.histories import Histories, History, Learned
from features.ids import rows_of_ids
from features.known_views import Floats
from warehouse.connection import read_sql

log = get_logger(__name__)


@dataclass(frozen=True)
class KeptHistories:
    """Histories that are learned by `learn` where `file` has them not; it is replaced with all that are known then."""

    file: Path
    learn: Histories

    def __call__(
        self, con: duckdb.DuckDBPyConnection, basis: Basis, user_ids: NDArray[np.int64], prior: Floats
    ) -> Iterator[Learned]:
        """Learn users (U,) with their log-odds by profile and topic (U, T), or carry them over."""
        rows, did = _what_users_did(con, basis, user_ids)
        kept = Kept.read(self.file, basis)
        places = kept.places_of(user_ids[rows], did, prior[rows], basis) if kept else np.full(len(rows), -1)
        same = places >= 0
        log.info("histories of %d of %d users are carried over", np.count_nonzero(same), len(rows))
        found: list[Learned] = []
        if kept and same.any():
            found.append((rows[same], kept.at(places[same])))
            yield found[-1]
        anew = rows[~same]
        if len(anew):
            for of_chunk, of_arms in self.learn(con, basis, user_ids[anew], prior[anew]):
                found.append((anew[of_chunk], of_arms))
                yield found[-1]
        if len(anew) or (kept and len(kept.user_ids) > len(rows)):
            number = np.zeros(len(user_ids), np.int64)
            number[rows] = did
            _write(self.file, basis, user_ids, number, prior, found)


@dataclass(frozen=True)
class Kept:
    """Histories of n users, ids ascending, as they lie in the file."""

    user_ids: NDArray[np.int64]  # (n,)
    did: NDArray[np.int64]  # (n,) the number of what each did
    prior: Floats  # (n, T)
    topics: list[str]
    of_arms: dict[str, History]

    @classmethod
    def read(cls, file: Path, basis: Basis) -> "Kept | None":
        """Map what `_write` wrote; None if there is nothing, or it was learned in other ways."""
        if not file.exists():
            return None
        arrays, told = mapped(file)
        if told["learned"] != _how(basis):
            return None
        of_arms = {arm: History(*(arrays[f"{arm}_{name}"] for name in History._fields)) for arm in basis.spaces}
        return cls(arrays["user_ids"], arrays["did"], arrays["prior"], told["topics"], of_arms)

    def places_of(
        self, user_ids: NDArray[np.int64], did: NDArray[np.int64], prior: Floats, basis: Basis
    ) -> NDArray[np.int64]:
        """Where the histories of users (m,) are, -1 for one that has to be learned.

        Of a topic that has come or gone since there is no view in a history that is the same.
        """
        topics = basis.posts.topics
        both = [(self.topics.index(topic), topics.index(topic)) for topic in topics if topic in self.topics]
        then, now = np.array(both, np.int64).reshape(-1, 2).T
        places = rows_of_ids(self.user_ids, user_ids)
        found = np.flatnonzero(places >= 0)
        there = places[found]
        other = (self.did[there] != did[found]) | (self.prior[there][:, then] != prior[found][:, now]).any(axis=1)
        places[found[other]] = -1
        return places

    def at(self, places: NDArray[np.int64]) -> dict[str, History]:
        """Those of some places."""
        return {arm: History(*(values[places] for values in history)) for arm, history in self.of_arms.items()}


def _what_users_did(
    con: duckdb.DuckDBPyConnection, basis: Basis, user_ids: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the users who did anything before the fit's cut, (m,) ascending, and a number for all that each did."""
    posts = basis.fitted_posts.values()
    numbers = np.hstack([np.column_stack([of.both, np.full(len(of.quality), of.profile_weight)]) for of in posts])
    topics = pl.Series(basis.posts.topics, dtype=pl.String).gather(basis.posts.topic_rows)
    con.register("fitted_posts", pl.DataFrame({POST_ID: basis.posts.ids, "numbers": numbers, "topic": topics}))
    try:
        found = con.execute(
            read_sql("features", "what_users_did"),
            {"cut": basis.fitted.cut, "attribution": basis.settings.attribution_window},
        ).fetchnumpy()
    finally:
        con.unregister("fitted_posts")
    rows = rows_of_ids(user_ids, found[USER_ID])
    return rows[rows >= 0], found["did"].view(np.int64)[rows >= 0]


def _write(
    file: Path,
    basis: Basis,
    user_ids: NDArray[np.int64],
    did: NDArray[np.int64],
    prior: Floats,
    found: list[Learned],
) -> None:
    """Replace the file; it is never half written."""
    if not found:
        file.unlink(missing_ok=True)
        return
    rows = np.concatenate([rows for rows, _ in found])
    order = np.argsort(rows)
    rows = rows[order]
    arrays: Arrays = {"user_ids": user_ids[rows], "did": did[rows], "prior": prior[rows]}
    for arm in basis.spaces:
        for name in History._fields:
            arrays[f"{arm}_{name}"] = np.concatenate([getattr(of_arms[arm], name) for _, of_arms in found])[order]
    with replacing(file) as path:
        save_arrays(arrays, path, {"topics": basis.posts.topics, "learned": _how(basis)})


def _how(basis: Basis) -> dict[str, object]:
    """What makes other histories of the same events and posts."""
    return {
        "cut": basis.fitted.cut.isoformat(),
        "attribution": basis.settings.attribution_window.total_seconds(),
        "used": {arm: model.used for arm, model in basis.fitted.factors.items()},
    }
