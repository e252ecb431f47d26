-- experiments/sql/changed_days.sql
-- The first day of each experiment on which something is not as it was when the day was aggregated: other numbers, or
-- rows that a copy has marked, be it that an event was replaced by another or that a post shown has another topic.
WITH counted AS (
    SELECT salt, day
    FROM days AS now
    FULL JOIN experiments.aggregated_day AS before USING (salt, day)
    WHERE now.answers IS DISTINCT FROM before.answers
        OR now.closed IS DISTINCT FROM before.closed
        OR now.events IS DISTINCT FROM before.events
        OR now."window" IS DISTINCT FROM before."window"
),
posts AS (
    -- no row where nothing has changed, which spares looking through all lists
    SELECT list(post_id) AS changed FROM meta.changed_posts WHERE reader = 'experiments' HAVING count(*) > 0
),
marked AS (
    SELECT day FROM meta.changed_days WHERE reader = 'experiments'
    UNION ALL
    SELECT DISTINCT CAST(e.shown_at AS DATE) FROM raw.exposures AS e, posts WHERE list_has_any(e.post_ids, posts.changed)
)
SELECT salt, min(day) AS since
FROM (
    FROM counted
    UNION ALL
    SELECT d.salt, d.day FROM days AS d JOIN marked AS m ON d.day = m.day OR m.day IS NULL
)
GROUP BY salt
ORDER BY salt
