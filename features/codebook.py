"""What stands for text in a ranker's matrix: every profile column and the topic of a post, as one float each.

Of a profile, numbers stay as they are; times become days since 1970; text becomes the place of its value among the
values seen at training, commonest first (ties by value), so that a tree can split off the common ones. A topic becomes
its place among the topics seen at training, by name. Empty, missing and unseen values are NaN, which the ranker treats
as a value of its own. The codebook is fitted at training and kept with the rankers, so that a code never changes its
meaning while they stand.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import duckdb
import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import USER_ID

# a free-text column (a name, say) is not a category: beyond this many values the rare ones share NaN
MAX_CATEGORIES = 1000


class ProfileColumn(msgspec.Struct, frozen=True):
    """One profile column; `categories` is None for a numeric one."""

    name: str
    categories: list[str] | None


class Codebook(msgspec.Struct, frozen=True):
    """Turns rows of `raw.users` and topics into floats, the same way at training and at serving."""

    columns: list[ProfileColumn]
    topics: list[str]  # by name; '' for posts without one

    @classmethod
    def fit(cls, con: duckdb.DuckDBPyConnection, topics: Sequence[str]) -> Self:
        """Read the profile columns and their values from `raw.users`; `topics` are those of the posts trained on."""
        users = con.sql("FROM raw.users LIMIT 0").pl()
        columns = [_fit_column(con, name, dtype) for name, dtype in users.schema.items() if name != USER_ID]
        return cls(columns, sorted(topics))

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def transform(self, users: pl.DataFrame) -> NDArray[np.float32]:
        """Encode `users`, one row a user; a column that is missing by now is NaN. Returns (len(users), columns)."""
        out = np.full((users.height, len(self.columns)), np.nan, dtype=np.float32)
        for i, column in enumerate(self.columns):
            if column.name in users.columns:
                out[:, i] = _encode(users[column.name], column.categories)
        return out

    def topic_codes(self, topics: Sequence[str]) -> NDArray[np.float32]:
        """Code each of `topics`; one that training did not see is NaN. Returns (len(topics),)."""
        return _encode(pl.Series(topics, dtype=pl.String), self.topics)

    def save(self, path: Path) -> None:
        path.write_bytes(msgspec.json.encode(self))

    @classmethod
    def load(cls, path: Path) -> Self:
        return msgspec.json.decode(path.read_bytes(), type=cls)


def _fit_column(con: duckdb.DuckDBPyConnection, name: str, dtype: pl.DataType) -> ProfileColumn:
    if dtype != pl.String:
        return ProfileColumn(name, None)
    quoted = '"' + name.replace('"', '""') + '"'
    values = con.execute(
        f"SELECT {quoted} FROM raw.users WHERE {quoted} <> '' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ?",
        [MAX_CATEGORIES],
    ).fetchall()
    return ProfileColumn(name, [value for (value,) in values])


def _encode(values: pl.Series, categories: list[str] | None) -> NDArray[np.float32]:
    if categories is not None:
        codes = pl.Series(np.arange(len(categories), dtype=np.float32))
        encoded = values.cast(pl.String).replace_strict(pl.Series(categories, dtype=pl.String), codes, default=None)
    elif values.dtype.is_temporal():
        encoded = values.cast(pl.Datetime("us")).dt.timestamp("us") / 86_400_000_000
    else:
        encoded = values
    # not strict: a column of numbers may hold other texts by now
    return encoded.cast(pl.Float32, strict=False).fill_null(np.nan).to_numpy()
