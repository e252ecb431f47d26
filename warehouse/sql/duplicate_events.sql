-- all but one of the rows that are the same in every column; only rows of a repeated hash are looked at
CREATE OR REPLACE TEMP TABLE doubtful AS
SELECT
    id,
    'duplicate' AS rule,
    json_object('user_id', user_id, 'post_id', post_id, 'action', action, 'event_time', event_time) AS "row"
FROM (
    SELECT
        rowid AS id,
        user_id,
        post_id,
        action,
        event_time,
        row_number() OVER (PARTITION BY user_id, post_id, action, event_time) AS place
    FROM {batch}
    WHERE hash(user_id, post_id, action, event_time) IN (SELECT hash FROM repeated)
)
WHERE place > 1
