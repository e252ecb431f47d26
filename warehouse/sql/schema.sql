-- Every table of the warehouse; running it again changes nothing.
CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS quality;
CREATE SCHEMA IF NOT EXISTS meta;
CREATE SCHEMA IF NOT EXISTS features;

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

CREATE TABLE IF NOT EXISTS features.text_embeddings (model VARCHAR, text_hash VARCHAR, vector FLOAT []);
CREATE TABLE IF NOT EXISTS features.user_day (user_id BIGINT, day DATE, views INTEGER, likes INTEGER);
CREATE TABLE IF NOT EXISTS features.user_topic_day (
    user_id BIGINT, topic VARCHAR, day DATE, views INTEGER, likes INTEGER
);
CREATE TABLE IF NOT EXISTS features.post_day (post_id BIGINT, day DATE, views INTEGER, likes INTEGER);
