-- Views and likes by user, topic and the day on which each event became known. Likes are counted on their own day,
-- never on the day of the view they belong to, so that no day knows of a like that came later. What a user did with a
-- post that the network has deleted has no topic any more and is left out.
SELECT
    e.user_id,
    coalesce(p.topic, '') AS topic,
    e.day,
    CAST(count(*) FILTER (e.action = 'view') AS INTEGER) AS views,
    CAST(count(*) FILTER (e.action = 'like') AS INTEGER) AS likes
FROM (
    SELECT *
    FROM (SELECT user_id, post_id, action, CAST(known_at AS DATE) AS day FROM raw.known_events)
    WHERE {chosen}
) AS e
JOIN raw.posts AS p USING (post_id)
GROUP BY ALL
ORDER BY ALL
