-- experiments/sql/credit_day.sql
-- One day of `experiments.credit_daily`: each liked post of an interleaved list is credited to the arm that brought it.
WITH lists AS (
    SELECT user_id, shown_at, arg_min(teams, request_id) AS teams
    FROM raw.exposures
    WHERE salt = $salt AND arm = $interleaved AND as_of IS NULL AND experiment IS NOT NULL
        AND shown_at >= $day AND shown_at < $until
    GROUP BY ALL
),
credited AS (
    SELECT
        user_id,
        [team FOR team, place IN teams IF (coalesce(liked, 0) >> place::INTEGER) & 1 = 1] AS teams
    FROM lists
    LEFT JOIN (FROM answered WHERE arm = $interleaved) USING (user_id, shown_at)
)
SELECT
    $salt AS salt,
    $day AS day,
    user_id,
    sum(len([team FOR team IN teams IF team = 'control']))::INTEGER AS control,
    sum(len([team FOR team IN teams IF team = 'test']))::INTEGER AS test
FROM credited
GROUP BY user_id
ORDER BY user_id
