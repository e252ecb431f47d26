-- experiments/sql/people.sql
-- Users who have been seen in one arm only, with their likes of $before before the start; segments are filled in.
WITH before AS (
    SELECT user_id, count(*) FILTER (action = 'like') AS likes
    FROM raw.events
    WHERE event_time >= $started_at - $before AND event_time < $started_at
    GROUP BY user_id
),
seen AS (
    SELECT user_id, any_value(arm) AS arm
    FROM experiments.member
    WHERE salt = $salt
    GROUP BY user_id
    HAVING count(*) = 1
)
SELECT m.user_id, m.arm, coalesce(b.likes, 0) AS pre_likes{segments}
FROM seen AS m
LEFT JOIN raw.users AS u USING (user_id)
LEFT JOIN before AS b USING (user_id)
ORDER BY m.user_id
