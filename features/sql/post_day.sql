-- Views and likes by post and known day.
SELECT
    post_id,
    day,
    CAST(count(*) FILTER (action = 'view') AS INTEGER) AS views,
    CAST(count(*) FILTER (action = 'like') AS INTEGER) AS likes
FROM (SELECT post_id, action, CAST(known_at AS DATE) AS day FROM raw.known_events)
WHERE {chosen}
GROUP BY ALL
ORDER BY ALL
