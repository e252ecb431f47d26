-- experiments/sql/experiment_day.sql
-- One day of `experiments.experiment_daily`: answers of [$day, $until), what became of them, and likes of the whole day.
-- Two numbers carry three counts of 20 bits each: adding them up takes a third less time than adding up six.
WITH parts AS (
    SELECT user_id, arm, 1 + (len(post_ids) << 20) AS given, 0::BIGINT AS got
    FROM raw.exposures
    WHERE salt = $salt AND as_of IS NULL AND experiment IS NOT NULL AND shown_at >= $day AND shown_at < $until
    UNION ALL
    SELECT user_id, arm, bit_count(viewed)::BIGINT << 40, bit_count(liked)::BIGINT + ((liked <> 0)::BIGINT << 20)
    FROM answered
    UNION ALL
    SELECT e.user_id, m.arm, 0, 1::BIGINT << 40
    FROM raw.events AS e
    JOIN experiments.member AS m ON e.user_id = m.user_id AND e.event_time >= m.first_shown_at
    WHERE m.salt = $salt AND e.action = 'like' AND e.event_time >= $day AND e.event_time < $day + INTERVAL 1 DAY
),
summed AS (
    SELECT user_id, arm, sum(given)::BIGINT AS given, sum(got)::BIGINT AS got
    FROM parts
    GROUP BY user_id, arm
)
SELECT
    $salt AS salt,
    $day AS day,
    user_id,
    arm,
    given % 1048576 AS answers,
    (given >> 20) % 1048576 AS shown,
    given >> 40 AS viewed,
    got % 1048576 AS liked,
    (got >> 20) % 1048576 AS hits,
    got >> 40 AS likes
FROM summed
