-- Views and likes by post and known day.
SELECT
    post_id,
    CAST(known_at AS DATE) AS day,
    CAST(count(*) FILTER (action = 'view') AS INTEGER) AS views,
    CAST(count(*) FILTER (action = 'like') AS INTEGER) AS likes
FROM raw.known_events
WHERE known_at >= $since
GROUP BY ALL
ORDER BY ALL
