-- experiments/sql/members.sql
-- Users whose first answer in an arm was shown at $since or later.
WITH seen AS (
    SELECT salt, user_id, arm, min(shown_at) AS first_shown_at
    FROM raw.exposures
    WHERE salt = $salt AND as_of IS NULL AND experiment IS NOT NULL AND shown_at >= $since AND shown_at < $until
    GROUP BY ALL
)
SELECT *
FROM seen
ANTI JOIN experiments.member USING (salt, user_id, arm)
ORDER BY user_id, arm
