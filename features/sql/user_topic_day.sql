-- Views and likes by user, topic and the day on which each event became known. Likes are counted on their own day,
-- never on the day of the view they belong to, so that no day knows of a like that came later.
SELECT
    e.user_id,
    coalesce(p.topic, '') AS topic,
    CAST(e.known_at AS DATE) AS day,
    CAST(count(*) FILTER (e.action = 'view') AS INTEGER) AS views,
    CAST(count(*) FILTER (e.action = 'like') AS INTEGER) AS likes
FROM raw.known_events AS e
JOIN raw.posts AS p USING (post_id)
WHERE e.known_at >= $since
GROUP BY ALL
ORDER BY ALL
