-- experiments/sql/credit_day.sql
-- One day of `experiments.credit_daily`: each liked post of an interleaved list is credited to the arm that brought it.
WITH lists AS (
    SELECT user_id, epoch_us(shown_at) AS shown_at, arg_min(teams, request_id) AS teams
    FROM raw.exposures
    WHERE salt = $salt AND arm = $interleaved AND as_of IS NULL AND experiment IS NOT NULL
        AND shown_at >= $day AND shown_at < $until
    GROUP BY ALL
)
SELECT
    user_id,
    count(*) FILTER (teams[place] = 'control') AS control,
    count(*) FILTER (teams[place] = 'test') AS test
FROM lists
LEFT JOIN liked USING (user_id, shown_at)
GROUP BY user_id
ORDER BY user_id
