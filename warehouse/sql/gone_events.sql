-- accepted once, and not in the source any more
CREATE OR REPLACE TEMP TABLE gone AS
SELECT e.*
FROM (SELECT * FROM raw.events WHERE {within}) AS e
ANTI JOIN batch AS b
ON b.user_id = e.user_id AND b.post_id = e.post_id AND b.action = e.action AND b.event_time = e.event_time
