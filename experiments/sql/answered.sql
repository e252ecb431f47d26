-- experiments/sql/answered.sql
-- Answers of [$day, $until) whose posts were viewed or liked within the window, and which of their posts: bit i is the
-- i-th one. A view or a like counts for the latest showing of its post to its user, if that was within the window;
-- answers after $until take what is theirs, too.
-- One number says which showing: the moment, then the arm, then the place in the list, so that the greatest is the
-- latest. All is of one day, so the join's hash table stays small, and it asks for the user and the time first and
-- looks into lists last.
WITH shown AS (
    SELECT
        user_id,
        shown_at,
        post_ids,
        (datediff('microsecond', $day::TIMESTAMP, shown_at) * 16 + list_position($arms, arm)) * 1024 AS first_place
    FROM raw.exposures
    WHERE salt = $salt AND as_of IS NULL AND experiment IS NOT NULL
        AND shown_at >= $day AND shown_at < $day::TIMESTAMP + INTERVAL 1 DAY + $window
),
latest AS (
    SELECT e.user_id, e.action, max(s.first_place + list_position(s.post_ids, e.post_id)) AS showing
    FROM shown AS s
    JOIN (SELECT *, rowid FROM raw.events) AS e
        ON s.user_id = e.user_id
        AND e.event_time BETWEEN s.shown_at AND s.shown_at + $window
        AND list_contains(s.post_ids, e.post_id)
    WHERE e.event_time >= $day AND e.event_time < $day::TIMESTAMP + INTERVAL 1 DAY + $window
    GROUP BY e.rowid, e.user_id, e.action
),
places AS (
    SELECT user_id, showing // 1024 AS answer, action, 1::HUGEINT << (showing % 1024)::INTEGER AS place
    FROM latest
    WHERE showing < datediff('microsecond', $day::TIMESTAMP, $until::TIMESTAMP) * 16 * 1024
)
SELECT
    user_id,
    $day::TIMESTAMP + to_microseconds(answer // 16) AS shown_at,
    $arms[answer % 16] AS arm,
    bit_or(CASE WHEN action = 'view' THEN place ELSE 0 END) AS viewed,
    bit_or(CASE WHEN action = 'like' THEN place ELSE 0 END) AS liked
FROM places
GROUP BY user_id, answer
