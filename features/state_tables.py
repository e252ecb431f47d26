"""The serving state as tables of a snapshot's `features.duckdb`, for people.

Undefined features are NULL here (an average in SQL skips them) and NaN in the arrays (CatBoost's missing value). The
row with user_id NULL is the user nobody has seen.
"""

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import ARMS, CUT, POST_ID, USER_ID
from features.catalog import BASE, TOPIC_PAIR
from features.neighbours import pairs_of
from features.serving_state import ServingState
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


def _floats(values: NDArray[np.float32], names: list[str]) -> pl.DataFrame:
    return pl.DataFrame(values, schema=dict.fromkeys(names, pl.Float32), orient="row").fill_nan(None)
