-- experiments/sql/happened_day.sql
-- Events that may count for an answer of the day.
SELECT user_id, post_id, epoch_us(event_time) AS happened_at, action = 'like' AS "like"
FROM raw.events
WHERE event_time >= $day AND event_time < $day::TIMESTAMP + INTERVAL 1 DAY + $window
