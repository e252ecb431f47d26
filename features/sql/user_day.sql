-- Views and likes by user and known day.
SELECT user_id, day, CAST(sum(views) AS INTEGER) AS views, CAST(sum(likes) AS INTEGER) AS likes
FROM features.user_topic_day
WHERE {chosen}
GROUP BY ALL
ORDER BY ALL
