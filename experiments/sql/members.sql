-- experiments/sql/members.sql
-- Users whose first answer in an arm was shown at $since or later; $arms are those of the experiment.
WITH seen AS (
    SELECT user_id, list_position($arms, arm)::TINYINT AS place, min(shown_at) AS first_shown_at
    FROM raw.exposures
    WHERE salt = $salt AND as_of IS NULL AND experiment IS NOT NULL AND shown_at >= $since AND shown_at < $until
    GROUP BY user_id, place -- a number takes half the time of the arm's name
)
SELECT $salt AS salt, user_id, $arms[place] AS arm, first_shown_at
FROM seen
ANTI JOIN (SELECT user_id, list_position($arms, arm) AS place FROM experiments.member WHERE salt = $salt)
USING (user_id, place)
ORDER BY user_id, arm
