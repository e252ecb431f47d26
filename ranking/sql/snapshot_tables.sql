-- The tables of a snapshot that analysts meet first, from the warehouse into the attached database `snapshot`.
CREATE TABLE snapshot.users AS
FROM raw.users ORDER BY user_id;

CREATE TABLE snapshot.posts AS
SELECT
    p.post_id,
    p.topic,
    d.first_seen,
    coalesce(d.views, 0) AS views,
    coalesce(d.likes, 0) AS likes,
    d.likes / nullif(d.views, 0) AS like_rate
FROM raw.posts AS p
LEFT JOIN (
    SELECT post_id, min(day) AS first_seen, sum(views)::BIGINT AS views, sum(likes)::BIGINT AS likes
    FROM features.post_day
    GROUP BY post_id
) AS d USING (post_id)
ORDER BY post_id;

CREATE TABLE snapshot.post_text AS
SELECT post_id, text FROM raw.posts ORDER BY post_id;

CREATE TABLE snapshot.user_likes AS
SELECT user_id, post_id, min(event_time) AS liked_at
FROM raw.events
SEMI JOIN raw.users USING (user_id)
SEMI JOIN raw.posts USING (post_id)
WHERE action = 'like'
GROUP BY ALL
ORDER BY ALL;

-- The newest events of each user and of each post; sorted, so that a look-up by id reads a few blocks only. An action is
-- a text in a DuckLake; views come first.
CREATE OR REPLACE TEMP VIEW feed AS
SELECT user_id, post_id, action::ENUM ('view', 'like') AS action, event_time
FROM raw.events
SEMI JOIN raw.users USING (user_id)
SEMI JOIN raw.posts USING (post_id);

-- The hundredth newest moment of each comes first, from one pass over a heap of a hundred: few events are left to sort.
CREATE TABLE snapshot.user_feed AS
FROM feed
SEMI JOIN (
    SELECT user_id, list_min(max(event_time, 100)) AS since FROM feed GROUP BY user_id
) AS newest ON feed.user_id = newest.user_id AND feed.event_time >= newest.since
QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY event_time DESC, post_id, action) <= 100
ORDER BY user_id, event_time DESC, post_id, action;

CREATE TABLE snapshot.post_feed AS
FROM feed
SEMI JOIN (
    SELECT post_id, list_min(max(event_time, 100)) AS since FROM feed GROUP BY post_id
) AS newest ON feed.post_id = newest.post_id AND feed.event_time >= newest.since
QUALIFY row_number() OVER (PARTITION BY post_id ORDER BY event_time DESC, user_id, action) <= 100
ORDER BY post_id, event_time DESC, user_id, action;

-- what became of the experiments' answers, by user and day, as it was last aggregated
CREATE TABLE snapshot.experiment_daily AS
FROM experiments.experiment_daily ORDER BY salt, day, user_id, arm;

-- the arm that each user of the newest experiment was last shown, which services let the user keep
CREATE TABLE snapshot.shown_arm AS
SELECT salt, user_id, arg_max(arm, shown_at) AS arm, max(shown_at) AS shown_at
FROM raw.exposures
WHERE salt = (SELECT arg_max(salt, shown_at) FROM raw.exposures WHERE as_of IS NULL) AND as_of IS NULL
GROUP BY salt, user_id
ORDER BY user_id;

-- What the warehouse knew about itself as this was written: how much there is and how new, what was turned away, what ran.
CREATE TABLE snapshot.table_freshness AS
FROM (
    SELECT 'raw.users' AS table_name, count(*) AS "rows", NULL::TIMESTAMP AS newest FROM raw.users
    UNION ALL SELECT 'raw.posts', count(*), NULL FROM raw.posts
    UNION ALL SELECT 'raw.events', count(*), max(event_time) FROM raw.events
    UNION ALL SELECT 'raw.exposures', count(*), max(shown_at) FROM raw.exposures
    UNION ALL SELECT 'features.text_embeddings', count(*), NULL FROM features.text_embeddings
    UNION ALL SELECT 'features.user_day', count(*), max(day) FROM features.user_day
    UNION ALL SELECT 'features.user_topic_day', count(*), max(day) FROM features.user_topic_day
    UNION ALL SELECT 'features.post_day', count(*), max(day) FROM features.post_day
    UNION ALL SELECT 'experiments.experiment_daily', count(*), max(day) FROM experiments.experiment_daily
    UNION ALL SELECT 'quality.rejected', count(*), max(rejected_at) FROM quality.rejected
);

CREATE TABLE snapshot.rejected_daily AS
SELECT rejected_at::DATE AS day, table_name, rule, count(*) AS "rows"
FROM quality.rejected
GROUP BY ALL
ORDER BY ALL;

CREATE TABLE snapshot.runs AS
SELECT run_id, kind, started_at, finished_at, status, detail
FROM meta.runs
ORDER BY started_at DESC, run_id
LIMIT 200;
