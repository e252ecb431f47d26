"""Histories that are carried over are those that learning everybody would give, to the last bit."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray

from features.as_of import priors_of
from features.basis import Basis
from features.factor_state import FactorStates
from features.histories import Learned, learn_here
from features.ids import rows_of_ids
from features.kept_histories import KeptHistories
from features.known_views import Floats
from features.posts import Posts
from features.text_space import TextSpace
from tests.unit.features.test_factor_state import CUT, everything

USERS = [10 * user for user in range(20)]


class Learning:
    """Learns as ever, and remembers whom."""

    def __init__(self) -> None:
        self.users: list[int] = []

    def __call__(
        self, con: duckdb.DuckDBPyConnection, basis: Basis, user_ids: NDArray[np.int64], prior: Floats
    ) -> Iterator[Learned]:
        self.users = user_ids.tolist()
        return learn_here(con, basis, user_ids, prior)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "histories"


def learned_anew(con: duckdb.DuckDBPyConnection, basis: Basis, file: Path) -> list[int]:
    """Whom a state that starts from kept histories learns anew; it is held against one that learns everybody."""
    learning = Learning()
    users, prior = priors_of(con, basis)
    kept = FactorStates(con, basis, users, prior, KeptHistories(file, learning))
    whole = FactorStates(con, basis, users, prior)
    for states in (kept, whole):
        states.advance(CUT)
    np.testing.assert_array_equal(everything(kept), everything(whole))
    return learning.users


def test_the_first_state_learns_everybody_and_the_next_nobody(
    con: duckdb.DuckDBPyConnection, basis: Basis, file: Path
) -> None:
    assert learned_anew(con, basis, file) == USERS
    written = file.read_bytes()
    assert learned_anew(con, basis, file) == []
    assert file.read_bytes() == written


@pytest.mark.parametrize(
    ("change", "whom"),
    [
        ("INSERT INTO raw.events VALUES (30, 3, 'view', '2026-01-03 12:00', NULL)", {30}),
        ("INSERT INTO raw.events VALUES (30, 3, 'view', '2026-01-03 12:00', '2026-01-05 01:00')", {30}),
        ("INSERT INTO raw.events VALUES (30, 3, 'view', '2026-01-03 12:00', '2026-01-07 01:00')", set()),
        ("INSERT INTO raw.events VALUES (30, 3, 'like', '2026-01-07 12:00', NULL)", set()),
        ("DELETE FROM raw.events WHERE user_id = 70 AND action = 'like' AND event_time < '2026-01-05'", {70}),
        ("UPDATE raw.events SET late_at = '2026-01-06' WHERE user_id = 70 AND event_time < '2026-01-02'", {70}),
        ("DELETE FROM raw.users WHERE user_id = 50", set()),
        ("INSERT INTO raw.posts VALUES (90, 'ball ball', 'cars', sha256('ball ball'))", set()),
        ("DELETE FROM raw.posts WHERE post_id = 6", {*USERS}),
    ],
)
def test_who_did_something_else_before_the_fit_is_learned_anew(
    con: duckdb.DuckDBPyConnection, basis: Basis, file: Path, change: str, whom: set[int]
) -> None:
    learned_anew(con, basis, file)
    con.execute(change)
    posts = Posts.load(con)
    rows = rows_of_ids(basis.posts.ids, posts.ids)  # a new post reads like the last one
    spaces = {arm: TextSpace(*(values[rows] for values in vars(of).values())) for arm, of in basis.spaces.items()}
    assert set(learned_anew(con, replace(basis, posts=posts, spaces=spaces), file)) == whom
