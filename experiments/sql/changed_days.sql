-- experiments/sql/changed_days.sql
-- The first day of each experiment on which something is not as it was when the day was aggregated.
SELECT salt, min(day) AS since
FROM days AS now
FULL JOIN experiments.aggregated_day AS before USING (salt, day)
WHERE now.answers IS DISTINCT FROM before.answers
    OR now.closed IS DISTINCT FROM before.closed
    OR now.events IS DISTINCT FROM before.events
    OR now."window" IS DISTINCT FROM before."window"
GROUP BY salt
ORDER BY salt
