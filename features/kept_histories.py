"""Users' histories kept from one state to the next: who has nothing new is not learned again.

A history follows from what the user did and what became of it, from the posts as they were fitted, and from the user's
log-odds by profile. What a user did is one number, an exclusive or over hashes of the events, and so is what was fitted
of a post; the odds are kept as they are. Whoever has another number, other odds, or met a post with another number is
learned anew. The others' histories are carried over as they are, so that the result is the one that learning everybody
would give, to the last bit. No mark of a copy need be trusted: late events, repairs, edited posts and another fit show.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import POST_ID, TOPIC, USER_ID
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
        looks = _hashes(con, basis)
        kept, places = Kept.read(self.file, basis), np.full(len(rows), -1)
        if kept:
            places = kept.places_of(user_ids[rows], did, prior[rows], basis)
            other = set(zip(kept.post_ids.tolist(), kept.looks.tolist(), strict=True))
            other ^= set(zip(basis.posts.ids.tolist(), looks.tolist(), strict=True))
            places[np.isin(user_ids[rows], _met(con, np.array(sorted({post for post, _ in other}), np.int64)))] = -1
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
        if len(anew) or (kept and (len(kept.user_ids) > len(rows) or other)):
            number = np.zeros(len(user_ids), np.int64)
            number[rows] = did
            _write(self.file, basis, user_ids, number, prior, looks, found)


@dataclass(frozen=True)
class Kept:
    """Histories of n users, ids ascending, as they lie in the file."""

    user_ids: NDArray[np.int64]  # (n,)
    did: NDArray[np.int64]  # (n,) the number of what each did
    prior: Floats  # (n, T)
    post_ids: NDArray[np.int64]  # (P,)
    looks: NDArray[np.int64]  # (P,) the number of what was fitted of each post
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
        plain = {name: arrays[name] for name in ("user_ids", "did", "prior", "post_ids", "looks")}
        return cls(**plain, topics=told["topics"], of_arms=of_arms)

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
    bound = {"cut": basis.fitted.cut, "attribution": basis.settings.attribution_window}
    found = con.execute(read_sql("features", "what_users_did"), bound).fetchnumpy()
    rows = rows_of_ids(user_ids, found[USER_ID])
    return rows[rows >= 0], found["did"].view(np.int64)[rows >= 0]


def _fitted(basis: Basis) -> pl.DataFrame:
    """All that was fitted of the posts, and their topics; a row a post."""
    of_arms = [of.both for of in basis.fitted_posts.values()]
    weights = np.array([of.profile_weight for of in basis.fitted_posts.values()])
    numbers = np.hstack([*of_arms, np.tile(weights, (len(basis.posts.ids), 1))]).astype(np.float32)
    topics = pl.Series(basis.posts.topics, dtype=pl.String).gather(basis.posts.topic_rows)
    return pl.DataFrame({POST_ID: basis.posts.ids, "numbers": numbers, TOPIC: topics})


def _hashes(con: duckdb.DuckDBPyConnection, basis: Basis) -> NDArray[np.int64]:
    """A number for all that was fitted of each post, (P,)."""
    con.register("fitted_posts", _fitted(basis))
    found = con.sql(f"SELECT hash(numbers, {TOPIC}) AS looks FROM fitted_posts ORDER BY {POST_ID}").fetchnumpy()
    con.unregister("fitted_posts")
    looks: NDArray[np.int64] = found["looks"].view(np.int64)
    return looks


def _met(con: duckdb.DuckDBPyConnection, posts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ids of the users who did anything with some posts."""
    if not len(posts):
        return np.zeros(0, np.int64)
    query = f"SELECT DISTINCT {USER_ID} FROM raw.events WHERE {POST_ID} IN (SELECT unnest(?))"
    users: NDArray[np.int64] = con.execute(query, [posts]).fetchnumpy()[USER_ID]
    return users


def _write(
    file: Path,
    basis: Basis,
    user_ids: NDArray[np.int64],
    did: NDArray[np.int64],
    prior: Floats,
    looks: NDArray[np.int64],
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
    arrays |= {"post_ids": basis.posts.ids, "looks": looks}
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
