-- Events that we have: those accepted, and those rejected that would be rejected again.
WITH rejected AS (
    SELECT DISTINCT
        occurrence,
        rule = 'duplicate' AS duplicate,
        TRY_CAST("row" ->> 'user_id' AS BIGINT) AS user_id,
        TRY_CAST("row" ->> 'post_id' AS BIGINT) AS post_id,
        "row" ->> 'action' AS action,
        TRY_CAST("row" ->> 'event_time' AS TIMESTAMP) AS event_time
    FROM quality.rejected
    WHERE table_name = 'events' AND rule IN ('duplicate', 'unknown_user', 'unknown_post', 'future_time')
)
SELECT user_id, post_id, action::VARCHAR AS action, event_time
FROM raw.events
WHERE {within} AND event_time <= $latest
UNION ALL
SELECT user_id, post_id, action, event_time
FROM rejected
WHERE duplicate AND {within} AND event_time <= $latest
UNION ALL
SELECT r.user_id, r.post_id, r.action, r.event_time
FROM (
    SELECT *
    FROM rejected
    WHERE NOT duplicate AND {within} AND event_time <= $latest
        AND (user_id NOT IN (SELECT user_id FROM raw.users) OR post_id NOT IN (SELECT post_id FROM raw.posts))
) AS r
ANTI JOIN raw.events AS e
ON r.user_id = e.user_id AND r.post_id = e.post_id AND r.action = e.action::VARCHAR AND r.event_time = e.event_time
