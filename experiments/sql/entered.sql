-- experiments/sql/entered.sql
SELECT user_id, list_position($arms, arm) - 1 AS arm, epoch_us(first_shown_at) AS entered_at
FROM experiments.member
WHERE salt = $salt
