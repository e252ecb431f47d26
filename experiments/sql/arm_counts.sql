-- experiments/sql/arm_counts.sql
WITH joined AS (
    SELECT first_shown_at::DATE AS day, arm, count(*) AS users
    FROM experiments.member
    WHERE salt = $salt
    GROUP BY ALL
)
SELECT day, arm, sum(coalesce(users, 0)) OVER (PARTITION BY arm ORDER BY day)::BIGINT AS users
FROM (SELECT DISTINCT day FROM joined)
CROSS JOIN (SELECT DISTINCT arm FROM joined)
LEFT JOIN joined USING (day, arm)
ORDER BY day, arm
