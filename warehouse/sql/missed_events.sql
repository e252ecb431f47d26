-- rows older than the window: those of the source, less those accepted, less those rejected and not accepted since
WITH rejected AS (
    SELECT DISTINCT
        "row",
        occurrence,
        rule = 'duplicate' AS duplicate,
        TRY_CAST("row" ->> 'user_id' AS BIGINT) AS user_id,
        TRY_CAST("row" ->> 'post_id' AS BIGINT) AS post_id,
        "row" ->> 'action' AS action,
        TRY_CAST("row" ->> 'event_time' AS TIMESTAMP) AS event_time
    FROM quality.rejected
    WHERE table_name = 'events'
)
SELECT greatest(
    0,
    (SELECT older FROM {older})
    - (SELECT count(*) FROM raw.events WHERE event_time < $since)
    - (SELECT count(*) FROM rejected WHERE event_time < $since AND duplicate)
    - (
        SELECT count(*)
        FROM (SELECT * FROM rejected WHERE event_time < $since AND NOT duplicate) AS r
        ANTI JOIN raw.events AS e
        ON r.user_id = e.user_id AND r.post_id = e.post_id AND r.action = e.action::VARCHAR
            AND r.event_time = e.event_time
    )
)
