-- experiments/sql/experiment_day.sql
-- One day of `experiments.experiment_daily`: answers of [$day, $until), what became of them, and likes of the whole day.
WITH parts AS (
    SELECT user_id, arm, 1 AS answers, len(post_ids) AS shown, 0 AS viewed, 0 AS liked, 0 AS hits, 0 AS likes
    FROM raw.exposures
    WHERE salt = $salt AND as_of IS NULL AND experiment IS NOT NULL AND shown_at >= $day AND shown_at < $until
    UNION ALL
    SELECT user_id, arm, 0, 0, bit_count(viewed), bit_count(liked), (liked <> 0)::INTEGER, 0
    FROM answered
    UNION ALL
    SELECT e.user_id, m.arm, 0, 0, 0, 0, 0, 1
    FROM raw.events AS e
    JOIN experiments.member AS m ON e.user_id = m.user_id AND e.event_time >= m.first_shown_at
    WHERE m.salt = $salt AND e.action = 'like' AND e.event_time >= $day AND e.event_time < $day + INTERVAL 1 DAY
)
SELECT
    $salt AS salt,
    $day AS day,
    user_id,
    arm,
    sum(answers)::INTEGER AS answers,
    sum(shown)::INTEGER AS shown,
    sum(viewed)::INTEGER AS viewed,
    sum(liked)::INTEGER AS liked,
    sum(hits)::INTEGER AS hits,
    sum(likes)::INTEGER AS likes
FROM parts
GROUP BY user_id, arm
