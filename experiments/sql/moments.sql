-- experiments/sql/moments.sql
-- See experiments/moments.py, which fills in columns by their names, products of every two of them, and the segment.
-- Sums of whole numbers below 2^53 are exact as DOUBLE, and added several times as fast as HUGEINT.
WITH first_seen AS (
    SELECT user_id, any_value(arm) AS arm, min(first_shown_at)::DATE AS first_day
    FROM experiments.member
    WHERE salt = $salt
    GROUP BY user_id
    HAVING count(*) = 1
),
before AS (
    SELECT user_id, count(*) FILTER (action = 'like') AS likes
    FROM raw.events
    WHERE event_time >= $started_at - $before AND event_time < $started_at
    GROUP BY user_id
),
people AS (
    SELECT m.user_id, m.arm, {segment} AS segment, m.first_day, coalesce(b.likes, 0) AS pre_likes_now
    FROM first_seen AS m
    LEFT JOIN raw.users AS u USING (user_id)
    LEFT JOIN before AS b USING (user_id)
),
counted AS (FROM experiments.experiment_daily SEMI JOIN first_seen USING (user_id) WHERE salt = $salt),
totals AS (
    SELECT *, {totals}
    FROM ({daily})
    WINDOW through_the_day AS (PARTITION BY user_id ORDER BY day)
),
steps AS (
    SELECT
        day,
        arm,
        segment,
        {first} AS first,
        CASE WHEN first THEN pre_likes_now ELSE 0 END::DOUBLE AS pre_likes,
        pre_likes_now::DOUBLE AS pre_likes_now,
        (hits_now > 0)::INTEGER::DOUBLE AS hit_now,
        hit_now - (hits_now > hits)::INTEGER AS hit,
        {steps}
    FROM totals
    JOIN people USING (user_id)
),
grown AS (
    SELECT day, arm, segment, count(*) FILTER (first) AS users, {grown}
    FROM steps
    GROUP BY ALL
),
cumulated AS (
    SELECT day, arm, segment, {cumulated}
    FROM (SELECT DISTINCT day FROM grown)
    CROSS JOIN (SELECT DISTINCT arm, segment FROM grown)
    LEFT JOIN grown USING (day, arm, segment)
    WINDOW until_the_day AS (PARTITION BY arm, segment ORDER BY day)
)
SELECT day, arm, segment, users::BIGINT AS users, {moments}
FROM cumulated
WHERE users > 0
ORDER BY day, arm, segment
