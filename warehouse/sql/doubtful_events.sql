-- events that break a rule; a row that breaks several is named by the first
CREATE OR REPLACE TEMP TABLE doubtful AS
SELECT
    id,
    rule,
    json_object('user_id', user_id, 'post_id', post_id, 'action', action, 'event_time', event_time) AS "row"
FROM (
    SELECT
        rowid AS id,
        user_id,
        post_id,
        action,
        event_time,
        CASE
            WHEN user_id IS NULL OR post_id IS NULL THEN 'null_id'
            WHEN event_time > $latest THEN 'future_time'
            WHEN event_time IS NULL OR NOT isfinite(event_time) THEN 'null_time'
            WHEN user_id NOT IN (SELECT user_id FROM raw.users) THEN 'unknown_user'
            WHEN post_id NOT IN (SELECT post_id FROM raw.posts) THEN 'unknown_post'
        END AS rule
    FROM {batch}
)
WHERE rule IS NOT NULL
