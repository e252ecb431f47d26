"""The serving state as tables of a snapshot's `features.duckdb`, for people and for the API.

Undefined features are NULL in the tables (an average in SQL skips them) and NaN in the arrays (CatBoost's missing
value). The row with user_id NULL is the user nobody has seen.
"""

from datetime import date

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from core.columns import ARMS, CUT, POST_ID, TOPIC, USER_ID
from features.as_of import PostFeatures, UserFeatures
from features.catalog import BASE, TOPIC_PAIR, Layout
from features.factor_model import PostFactors
from features.likes import liked_lists
from features.neighbours import pairs_of
from features.serving_state import ServingState
from features.text_space import TextSpace
from warehouse.frames import write_frame

TOPIC_COLUMNS = [spec.name for spec in TOPIC_PAIR]
PRIOR = BASE[0].name
# columns of a text: its place along the leading directions, and its distance to each cluster's centre
COMPONENT, DISTANCE = "text_component_", "text_distance_"


def write_state(con: duckdb.DuckDBPyConnection, state: ServingState) -> None:
    """Create the state's tables; `con` is the snapshot under construction."""
    names = state.layout.names
    groups = state.layout.slices
    user_ids = pl.Series(USER_ID, [*state.user_ids.tolist(), None], dtype=pl.Int64)
    post_ids = pl.Series(POST_ID, state.post_ids)
    write_frame(con, "feature_catalog", state.layout.catalog())
    write_frame(con, "state", pl.DataFrame({CUT: [state.cut]}))
    write_frame(con, "user_features", _floats(state.users.values, names[groups["user"]]).insert_column(0, user_ids))
    topics = pl.Series("topic", state.topics, dtype=pl.String)
    write_frame(
        con,
        "user_topics",
        pl.DataFrame([user_ids])
        .join(pl.DataFrame([topics]), how="cross", maintain_order="left_right")
        .hstack(_floats(state.users.topics.reshape(-1, len(TOPIC_COLUMNS)), TOPIC_COLUMNS))
        .with_columns(pl.Series(PRIOR, state.users.prior.ravel())),
    )
    post_values = _floats(state.posts.values, names[groups["post"]])
    write_frame(
        con, "post_features", pl.DataFrame([post_ids, pl.Series("eligible", state.eligible)]).hstack(post_values)
    )
    write_frame(con, "post_neighbours", pairs_of(state.post_ids, state.neighbours))
    for arm in ARMS:
        liked, factors = state.users.liked[arm], state.user_factors[arm]
        vectors = pl.DataFrame([user_ids, pl.Series("liked", liked), pl.Series("factors", factors)])
        write_frame(con, f"user_vectors_{arm}", vectors)
        learned = state.post_factors[arm]
        write_frame(con, f"factor_model_{arm}", pl.DataFrame({"profile_weight": [learned.profile_weight]}))
        of_posts = [post_ids, pl.Series("quality", learned.quality), pl.Series("factors", learned.factors)]
        write_frame(con, f"post_factors_{arm}", pl.DataFrame(of_posts))
        space = state.spaces[arm]
        texts = pl.DataFrame([post_ids, pl.Series("vector", space.vectors)])
        for name, columns in ((COMPONENT, space.components), (DISTANCE, space.distances)):
            texts = texts.hstack(_floats(columns, [f"{name}{i}" for i in range(columns.shape[1])]))
        write_frame(con, f"text_{arm}", texts)


def read_state(con: duckdb.DuckDBPyConnection) -> ServingState:
    """Load the state from a snapshot; the arrays are contiguous and hold no reference to the connection."""
    layout = Layout.of_names([name for (name,) in con.sql("SELECT name FROM feature_catalog").fetchall()])
    names, groups = layout.names, layout.slices
    users = con.sql(f"FROM user_features ORDER BY {USER_ID} NULLS LAST").pl()
    user_ids = users[USER_ID].drop_nulls().to_numpy()
    posts = con.sql(f"FROM post_features ORDER BY {POST_ID}").pl()
    post_ids = posts[POST_ID].to_numpy()
    topics = [topic for (topic,) in con.sql("SELECT DISTINCT topic FROM user_topics ORDER BY topic").fetchall()]
    by_topic = con.sql(f"FROM user_topics ORDER BY {USER_ID} NULLS LAST, topic").pl()
    likes = con.sql(f"SELECT {USER_ID}, {POST_ID} FROM user_likes ORDER BY ALL").fetchnumpy()
    offsets, liked = liked_lists(user_ids, post_ids, likes[USER_ID], likes[POST_ID])
    vectors = {arm: con.sql(f"FROM user_vectors_{arm} ORDER BY {USER_ID} NULLS LAST").pl() for arm in ARMS}
    spaces = {arm: _read_space(con, arm) for arm in ARMS}
    topic_of_post = con.sql(f"SELECT coalesce({TOPIC}, '') AS topic FROM posts ORDER BY {POST_ID}").pl()["topic"]
    topic_rows = pl.Series(topics, dtype=pl.String).search_sorted(topic_of_post).cast(pl.Int64).to_numpy()
    return ServingState(
        cut=_one_date(con),
        layout=layout,
        user_ids=user_ids,
        users=UserFeatures(
            values=_array(users, names[groups["user"]]),
            topics=_array(by_topic, TOPIC_COLUMNS).reshape(len(user_ids) + 1, len(topics), len(TOPIC_COLUMNS)),
            prior=by_topic[PRIOR].to_numpy().reshape(len(user_ids) + 1, len(topics)),
            liked={arm: _vectors(of, "liked") for arm, of in vectors.items()},
        ),
        liked_offsets=offsets,
        liked_posts=liked,
        post_ids=post_ids,
        posts=PostFeatures(_array(posts, names[groups["post"]]), np.arange(len(post_ids)), topic_rows),
        topics=topics,
        eligible=posts["eligible"].to_numpy(),
        spaces=spaces,
        post_factors={arm: _read_factors(con, arm) for arm in ARMS},
        user_factors={arm: _vectors(of, "factors") for arm, of in vectors.items()},
        neighbours=_read_neighbours(con, post_ids),
    )


def _read_space(con: duckdb.DuckDBPyConnection, arm: str) -> TextSpace:
    texts = con.sql(f"FROM text_{arm} ORDER BY {POST_ID}").pl()
    components, distances = (
        _array(texts, [column for column in texts.columns if column.startswith(name)]) for name in (COMPONENT, DISTANCE)
    )
    return TextSpace(_vectors(texts, "vector"), components, distances)


def _read_factors(con: duckdb.DuckDBPyConnection, arm: str) -> PostFactors:
    learned = con.sql(f"FROM post_factors_{arm} ORDER BY {POST_ID}").pl()
    (weight,) = con.sql(f"SELECT profile_weight FROM factor_model_{arm}").fetchnumpy()["profile_weight"]
    return PostFactors(learned["quality"].to_numpy(), _vectors(learned, "factors"), weight)


def _read_neighbours(con: duckdb.DuckDBPyConnection, post_ids: NDArray[np.int64]) -> csr_array:
    pairs = con.sql(f"FROM post_neighbours ORDER BY {POST_ID}, neighbour_id").fetchnumpy()
    rows, columns = (np.searchsorted(post_ids, pairs[name]) for name in (POST_ID, "neighbour_id"))
    return csr_array((pairs["similarity"], (rows, columns)), shape=(len(post_ids), len(post_ids)))


def _one_date(con: duckdb.DuckDBPyConnection) -> date:
    row = con.sql(f"SELECT {CUT} FROM state").fetchone()
    assert row is not None
    found: date = row[0]
    return found


def _floats(values: NDArray[np.float32], names: list[str]) -> pl.DataFrame:
    return pl.DataFrame(values, schema=dict.fromkeys(names, pl.Float32), orient="row").fill_nan(None)


def _array(frame: pl.DataFrame, columns: list[str]) -> NDArray[np.float32]:
    return frame.select(pl.col(columns).fill_null(float("nan"))).to_numpy(order="c")


def _vectors(frame: pl.DataFrame, column: str) -> NDArray[np.float32]:
    return np.ascontiguousarray(frame[column].to_numpy())
