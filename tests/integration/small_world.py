"""A network small enough to train on in a second, straight in the warehouse: no PostgreSQL, no transformer."""

from datetime import datetime

import numpy as np

from core.settings import Settings
from features.daily import rebuild_daily
from features.posts import Posts
from features.serving_state import build_state
from ranking.evaluate import undefined_evaluation
from ranking.rankers import fit_rankers
from ranking.snapshot_tables import write_tables
from warehouse.connection import connect
from warehouse.snapshots import ManifestBody, Snapshot, draft, public_settings, publish

USERS, POSTS = 60, 120
END = datetime(2021, 12, 12)
NO_EVALUATION = undefined_evaluation("the small world is too short")

# user 60 never comes; the others see about 40 posts each over ten days and like a quarter of them a minute later
WORLD = f"""
CREATE OR REPLACE TABLE raw.users AS
SELECT
    u AS user_id, u % 2 AS gender, 18.0::DOUBLE + u AS age, 'Russia' AS country, 'Omsk' AS city, u % 5 AS exp_group,
    if(u % 3 = 0, 'iOS', 'Android') AS os, 'ads' AS source
FROM range(1, {USERS + 1}) AS t(u);

INSERT INTO raw.posts
SELECT p, text, if(p % 10 = 0, NULL, 'topic ' || p % 4), sha256(text)
FROM (SELECT p, if(p % 20 = 0, '', format('Post {{}} says “{{}}”', p, md5(p::VARCHAR))) AS text
      FROM range(1, {POSTS + 1}) AS t(p));

INSERT INTO raw.events
WITH views AS (
    SELECT u, p, TIMESTAMP '2021-12-01' + to_minutes((hash(u, p) % 14400)::INT) AS seen_at
    FROM range(1, {USERS}) AS a(u), range(1, {POSTS + 1}) AS b(p)
    WHERE hash(p, u) % 3 = 0
)
SELECT u, p, 'view', seen_at, NULL FROM views
UNION ALL
SELECT u, p, 'like', seen_at + INTERVAL 1 MINUTE, NULL FROM views WHERE (hash(u + p) + u * p) % 4 = 0;
"""


def publish_small_world(settings: Settings) -> Snapshot:
    """Train both arms on the small world and publish the result as the current snapshot."""
    with connect(settings) as con, draft(settings) as folder:
        con.execute(WORLD)
        rebuild_daily(con)
        posts = Posts.load(con)
        embeddings = np.random.default_rng(0).normal(size=(POSTS, 16)).astype(np.float32)
        everything = np.ones(POSTS, dtype=np.bool_)
        rankers = fit_rankers(con, posts, embeddings, everything, END.date(), END, settings)
        basis = rankers.basis(posts, embeddings, settings)
        state = build_state(con, basis, rankers.layout, END.date(), everything)
        rankers.save(folder)
        write_tables(con, folder, state, NO_EVALUATION, settings)
        manifest = ManifestBody(
            watermark=END,
            cut=END,
            trained_at=END,
            rows={"posts": POSTS},
            metrics={},
            settings=public_settings(settings),
            code_version="0",
        )
        return publish(settings, folder, manifest)
