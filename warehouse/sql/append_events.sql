INSERT INTO raw.events
SELECT
    user_id,
    post_id,
    action,
    event_time,
    CASE WHEN event_time <= $before THEN $clock END AS late_at
FROM batch
ORDER BY event_time
