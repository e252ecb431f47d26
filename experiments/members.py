"""Who has been shown which arm, as a snapshot knows it: what users keep when the weights change.

The snapshot's table `shown_arm` has, for the experiment shown last, each user's last arm and its moment. In memory that
is eleven bytes a user; a look-up takes about a microsecond.
"""

from dataclasses import dataclass
from typing import Final, Self

import duckdb
import numpy as np
from numpy.typing import NDArray

from experiments.buckets import OUTSIDE
from experiments.plan import Plan
from experiments.sticky import Assignments, version_key

TABLE: Final = "shown_arm"


@dataclass(frozen=True)
class Members:
    """Users of one experiment, by id: the place of their arm in `names`, and the bucket version that showed it."""

    salt: str
    names: tuple[str, ...]
    user_ids: NDArray[np.int64]  # (n,), sorted
    arms: NDArray[np.int8]  # (n,)
    versions: NDArray[np.int16]  # (n,)

    @classmethod
    def nobody(cls, plan: Plan) -> Self:
        return cls(plan.salt, plan.arms, np.zeros(0, np.int64), np.zeros(0, np.int8), np.zeros(0, np.int16))

    @classmethod
    def read(cls, snapshot: duckdb.DuckDBPyConnection, plan: Plan) -> Self:
        """Those of the plan's experiment in a snapshot's tables; nobody where the snapshot is older than the table."""
        if not snapshot.execute("FROM duckdb_tables() WHERE table_name = ?", [TABLE]).fetchall():
            return cls.nobody(plan)
        rows = snapshot.execute(
            f"SELECT user_id, list_position($arms, arm) - 1 AS arm, shown_at FROM {TABLE} "
            "WHERE salt = $salt AND arm IN $arms ORDER BY user_id",
            {"salt": plan.salt, "arms": plan.arms},
        ).fetchnumpy()
        moves = np.array(plan.moves, "datetime64[us]")
        return cls(
            plan.salt,
            plan.arms,
            rows["user_id"].astype(np.int64),
            rows["arm"].astype(np.int8),
            np.searchsorted(moves, rows["shown_at"].astype("datetime64[us]"), side="right").astype(np.int16),
        )

    def assignments(self, user_id: int) -> Assignments:
        """What one user has been given, as a document of `experiments.sticky` has it."""
        place = int(self.user_ids.searchsorted(user_id))
        if place == len(self.user_ids) or self.user_ids[place] != user_id:
            return {}
        return {version_key(self.salt, self.versions.item(place)): self.names[self.arms.item(place)]}

    def kept(self, plan: Plan, ids: NDArray[np.int64]) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
        """The place of each user's arm in `plan.arms`, OUTSIDE for who keeps none, and who is blocked; (n,) each."""
        arms, blocked = np.full(len(ids), OUTSIDE, np.int8), np.zeros(len(ids), np.bool_)
        if self.salt != plan.salt or not len(self.user_ids):
            return arms, blocked
        places = np.searchsorted(self.user_ids[:-1], ids)
        known = self.user_ids[places] == ids
        versions = self.versions[places]
        same = known & (versions == plan.bucket_version)
        arms[same] = self.arms[places[same]]
        return arms, known & (versions < plan.min_bucket_version)
