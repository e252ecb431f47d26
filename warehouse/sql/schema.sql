-- Every table of the warehouse; running it again changes nothing.
CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS quality;
CREATE SCHEMA IF NOT EXISTS meta;
CREATE SCHEMA IF NOT EXISTS features;
CREATE SCHEMA IF NOT EXISTS experiments;

-- as the source has them at the last copy; the profile columns of users come with it
CREATE TABLE IF NOT EXISTS raw.users (user_id BIGINT);
CREATE TABLE IF NOT EXISTS raw.posts (post_id BIGINT, text VARCHAR NOT NULL, topic VARCHAR, text_hash VARCHAR);

-- times are UTC; late_at: when an event that came late was copied, NULL for one that came in time
CREATE TABLE IF NOT EXISTS raw.events (
    user_id BIGINT, post_id BIGINT, action ENUM ('view', 'like'), event_time TIMESTAMP, late_at TIMESTAMP
);
CREATE VIEW IF NOT EXISTS raw.known_events AS
SELECT *, coalesce(late_at, event_time) AS known_at FROM raw.events;

-- what the API showed, as its table recommendation_exposure in the source has it
CREATE TABLE IF NOT EXISTS raw.exposures (
    request_id UUID, experiment VARCHAR, salt VARCHAR, user_id BIGINT, arm VARCHAR, snapshot_id VARCHAR,
    shown_at TIMESTAMP, as_of TIMESTAMP, post_ids BIGINT [], sources VARCHAR [], propensities DOUBLE [],
    latency DOUBLE, teams VARCHAR []
);
ALTER TABLE raw.exposures ADD COLUMN IF NOT EXISTS latency DOUBLE;
ALTER TABLE raw.exposures ADD COLUMN IF NOT EXISTS teams VARCHAR [];

-- occurrence tells identical rows apart, so that copying them again adds none
CREATE TABLE IF NOT EXISTS quality.rejected (
    run_id VARCHAR, table_name VARCHAR, rule VARCHAR, "row" JSON, occurrence INTEGER, rejected_at TIMESTAMP
);

CREATE TABLE IF NOT EXISTS meta.runs (
    run_id VARCHAR, kind VARCHAR, started_at TIMESTAMP, finished_at TIMESTAMP, status VARCHAR, detail JSON,
    PRIMARY KEY (run_id, kind)
);
CREATE TABLE IF NOT EXISTS meta.watermarks (name VARCHAR PRIMARY KEY, value TIMESTAMP);

-- what copies have changed since `reader` last looked, by the reader's notion of a day; a day of NULL: everything
CREATE TABLE IF NOT EXISTS meta.changed_days (reader VARCHAR, day DATE);
-- posts that came, went or changed their topic
CREATE TABLE IF NOT EXISTS meta.changed_posts (reader VARCHAR, post_id BIGINT);
-- days whose events are not those of the source: how many it has, and how many have been accepted or rejected
CREATE TABLE IF NOT EXISTS meta.gaps (day DATE, source BIGINT, held BIGINT);
-- the snapshot that was last published, and checksums of what it was made of
CREATE TABLE IF NOT EXISTS meta.published (snapshot VARCHAR, users VARCHAR, posts VARCHAR);
-- a warehouse of an earlier version knows how far days are aggregated, and not whether topics have changed since
INSERT INTO meta.changed_days SELECT 'features', NULL FROM meta.watermarks WHERE name = 'days';
DELETE FROM meta.watermarks WHERE name = 'days';

CREATE TABLE IF NOT EXISTS features.text_embeddings (model VARCHAR, text_hash VARCHAR, vector FLOAT []);
CREATE TABLE IF NOT EXISTS features.user_day (user_id BIGINT, day DATE, views INTEGER, likes INTEGER);
CREATE TABLE IF NOT EXISTS features.user_topic_day (
    user_id BIGINT, topic VARCHAR, day DATE, views INTEGER, likes INTEGER
);
CREATE TABLE IF NOT EXISTS features.post_day (post_id BIGINT, day DATE, views INTEGER, likes INTEGER);

-- What became of each experiment's answers, by the day on which they were shown (UTC); salt names the experiment.
-- Per user: answers and posts shown; shown posts that were viewed and liked within the window; answers with such a
-- like; and all likes that the user gave since the first answer.
CREATE TABLE IF NOT EXISTS experiments.experiment_daily (
    salt VARCHAR, day DATE, user_id BIGINT, arm VARCHAR, answers INTEGER, shown INTEGER, viewed INTEGER, liked INTEGER,
    hits INTEGER, likes INTEGER
);
-- Per arm: seconds that choosing took; different posts shown; 1 - Σ share of a topic², mean over lists; shares of shown
-- posts from sources that are the same for everybody, and of explored ones; share of answers without a single view.
CREATE TABLE IF NOT EXISTS experiments.guardrail_daily (
    salt VARCHAR, day DATE, arm VARCHAR, answers BIGINT, latency_p50 DOUBLE, latency_p99 DOUBLE, posts BIGINT,
    diversity DOUBLE, fallbacks DOUBLE, explored DOUBLE, unseen DOUBLE
);
-- interleaved lists: likes within the window, by the arm that brought the post; users without one have a row too
CREATE TABLE IF NOT EXISTS experiments.credit_daily (
    salt VARCHAR, day DATE, user_id BIGINT, control INTEGER, test INTEGER
);
-- when each user was first seen in each arm
CREATE TABLE IF NOT EXISTS experiments.member (salt VARCHAR, user_id BIGINT, arm VARCHAR, first_shown_at TIMESTAMP);
-- what the rows of a day were made of, so that the next run knows which days have changed
CREATE TABLE IF NOT EXISTS experiments.aggregated_day (
    salt VARCHAR, day DATE, "window" INTERVAL, answers BIGINT, closed BIGINT, events BIGINT
);
