-- everything anew; an event that was here keeps the moment at which it became known
CREATE OR REPLACE TABLE raw.events AS
SELECT
    b.user_id,
    b.post_id,
    b.action,
    b.event_time,
    CASE
        WHEN e.event_time IS NOT NULL THEN e.late_at
        WHEN b.event_time <= $before THEN $clock
    END AS late_at
FROM batch AS b
LEFT JOIN raw.events AS e
    ON b.user_id = e.user_id AND b.post_id = e.post_id AND b.action = e.action AND b.event_time = e.event_time
