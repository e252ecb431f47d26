-- the rows as the source has them; without a rowid, for they are removed from the batch by their missing action
CREATE OR REPLACE TEMP TABLE doubtful AS
SELECT
    NULL::BIGINT AS id,
    'unknown_action' AS rule,
    json_object('user_id', user_id, 'post_id', post_id, 'action', action, 'event_time', event_time) AS "row"
FROM {query}
