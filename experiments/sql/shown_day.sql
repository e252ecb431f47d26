-- experiments/sql/shown_day.sql
-- Answers that an event of the day's windows may count for: of [$day, a window after the day's end).
SELECT user_id, epoch_us(shown_at) AS shown_at, list_position($arms, arm) - 1 AS arm, post_ids
FROM raw.exposures
WHERE salt = $salt AND as_of IS NULL AND experiment IS NOT NULL
    AND shown_at >= $day AND shown_at < $day::TIMESTAMP + INTERVAL 1 DAY + $window
