"""Which users a question to the warehouse is about: all of them, a share chosen by a hash, or some by their ids."""

from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from core.columns import USER_ID


@dataclass(frozen=True)
class Users:
    """A condition over `user_id` for SQL, and what is bound to it."""

    condition: str = "true"
    values: dict[str, Any] = field(default_factory=dict)

    def ids(self, con: duckdb.DuckDBPyConnection) -> NDArray[np.int64]:
        """Those of the network's users that it holds for, (U,) ascending."""
        query = f"SELECT {USER_ID} FROM raw.users WHERE {self.condition} ORDER BY 1"
        user_ids: NDArray[np.int64] = con.execute(query, self.values).fetchnumpy()[USER_ID]
        return user_ids


EVERYBODY = Users()


def share_of_users(thousandths: int, seed: int) -> Users:
    """So many users in a thousand, at least one; more thousandths hold those of fewer."""
    if thousandths >= 1000:
        return EVERYBODY
    return Users(f"hash({USER_ID}, {seed:d}) % 1000 < {max(1, thousandths):d}")


def these_users(user_ids: NDArray[np.int64]) -> Users:
    """Users by their ids."""
    return Users(f"{USER_ID} IN (SELECT unnest($user_ids))", {"user_ids": user_ids})
