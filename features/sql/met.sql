-- Who met a post that came, went or changed its topic, and on which days that are not aggregated anew as a whole.
CREATE OR REPLACE TEMP TABLE met AS
SELECT DISTINCT user_id, day
FROM (
    SELECT user_id, CAST(known_at AS DATE) AS day
    FROM raw.known_events
    WHERE post_id IN (SELECT post_id FROM meta.changed_posts WHERE reader = 'features')
)
WHERE day NOT IN (SELECT day FROM meta.changed_days WHERE reader = 'features')
