"""The opponent: the service that a good engineer writes in an afternoon from the course's recipe.

At the start it loads users, posts with their text features, and the two CatBoost models. For each request it assigns
the arm by a hash, reads from PostgreSQL what the user has liked (by an index, over a pool of connections), joins the
user's row to a polars frame of all posts, adds hour and weekday, runs the arm's model over all of it, drops what was
liked, and answers with the five best. Profile and topic go to CatBoost as the categories they are, as in the course.

`train_models` is its training; `uvicorn --factory benchmarks.textbook_service:create_app` serves, with the environment
variables `TEXTBOOK_SNAPSHOT`, `TEXTBOOK_MODELS` (folders) and `TEXTBOOK_DSN`.
"""

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import duckdb
import numpy as np
import polars as pl
from catboost import CatBoostClassifier, Pool
from fastapi import FastAPI, Query
from pydantic import BaseModel
from sqlalchemy import create_engine, text

from core.columns import ARMS, POST_ID, USER_ID
from ranking.recommender import STATE_FILE

CATEGORIES = ["country", "city", "exp_group", "os", "source", "topic"]
TRAINING_VIEWS = 60_000
SALT = "textbook"
LIKES = text("SELECT DISTINCT post_id FROM feed_action WHERE user_id = :user AND action = 'like'")


class Post(BaseModel):
    """A post of an answer."""

    id: int
    text: str
    topic: str


class Answer(BaseModel):
    """What is answered."""

    exp_group: str
    recommendations: list[Post]


def create_app() -> FastAPI:
    """The service over a snapshot's tables, its own models and the source's likes."""
    snapshot, models_folder = Path(os.environ["TEXTBOOK_SNAPSHOT"]), Path(os.environ["TEXTBOOK_MODELS"])
    users = load_users(snapshot)
    row_of_user = {user: row for row, user in enumerate(users[USER_ID].to_list())}
    users = users.drop(USER_ID)
    posts = {arm: load_posts(snapshot, arm) for arm in ARMS}
    texts = {row["post_id"]: row for row in _query(snapshot, "FROM post_text JOIN posts USING (post_id)").to_dicts()}
    models = {arm: CatBoostClassifier().load_model(str(models_folder / f"{arm}.cbm")) for arm in ARMS}
    engine = create_engine(os.environ["TEXTBOOK_DSN"].replace("postgresql://", "postgresql+psycopg2://"))
    app = FastAPI()

    @app.get("/post/recommendations")
    def recommend(
        user_id: Annotated[int, Query(alias="id")],
        time: datetime | None = None,
        limit: Annotated[int, Query(le=100)] = 5,
    ) -> Answer:
        when = time or datetime.now()
        arm = assign(user_id)
        with engine.connect() as connection:
            liked = connection.execute(LIKES, {"user": user_id}).scalars().all()
        frame = (
            posts[arm]
            .filter(~pl.col(POST_ID).is_in(liked))
            .join(users[row_of_user[user_id]], how="cross")
            .with_columns(hour=pl.lit(when.hour), weekday=pl.lit(when.isoweekday()))
        )
        pool = as_pool(frame)
        scores = models[arm].predict_proba(pool)[:, 1]
        best = frame[POST_ID].gather(np.argsort(-scores)[:limit]).to_list()
        chosen = [Post(id=post, text=texts[post]["text"], topic=texts[post]["topic"]) for post in best]
        return Answer(exp_group=arm, recommendations=chosen)

    return app


def assign(user_id: int) -> str:
    """The user's arm."""
    return ARMS[int(hashlib.md5(f"{SALT}{user_id}".encode()).hexdigest(), 16) % 2]


def load_users(snapshot: Path) -> pl.DataFrame:
    """Ids and profiles."""
    return _query(snapshot, f"FROM users ORDER BY {USER_ID}").with_columns(pl.col("exp_group").cast(pl.String))


def load_posts(snapshot: Path, arm: str) -> pl.DataFrame:
    """Ids, topics and the arm's text features: leading components and distances to cluster centres."""
    return _query(
        snapshot, f"SELECT topic, t.* EXCLUDE vector FROM posts JOIN text_{arm} AS t USING ({POST_ID})"
    ).select(POST_ID, pl.all().exclude(POST_ID))


def as_pool(frame: pl.DataFrame, labels: Any = None) -> Pool:
    """What CatBoost takes."""
    return Pool(frame.drop(POST_ID), label=labels, cat_features=CATEGORIES)


def train_models(snapshot: Path, folder: Path) -> None:
    """Fit both models on likes and as many posts at random, with as many trees as ours have."""
    rng = np.random.default_rng(0)
    likes = _query(snapshot, f"SELECT {USER_ID}, {POST_ID}, liked_at FROM user_likes")
    likes = likes[np.sort(rng.permutation(likes.height)[: TRAINING_VIEWS // 2])]
    users = load_users(snapshot)
    for arm in ARMS:
        posts = load_posts(snapshot, arm)
        others = likes.with_columns(pl.Series(POST_ID, rng.choice(posts[POST_ID].to_numpy(), likes.height)))
        views = pl.concat([likes.with_columns(liked=1), others.with_columns(liked=0)])
        frame = views.join(posts, on=POST_ID, maintain_order="left").join(users, on=USER_ID, maintain_order="left")
        frame = frame.with_columns(hour=pl.col("liked_at").dt.hour(), weekday=pl.col("liked_at").dt.weekday())
        columns = [*posts.columns, *users.drop(USER_ID).columns, "hour", "weekday"]
        model = CatBoostClassifier(iterations=100, depth=4, verbose=False, allow_writing_files=False)
        model.fit(as_pool(frame.select(columns), frame["liked"].to_numpy()))
        model.save_model(str(folder / f"{arm}.cbm"))


def _query(snapshot: Path, sql: str) -> pl.DataFrame:
    with duckdb.connect(str(snapshot / STATE_FILE), read_only=True) as connection:
        return connection.sql(sql).pl()
