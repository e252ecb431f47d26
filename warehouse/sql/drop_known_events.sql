-- within the overlap most rows have been copied before, and within a day that is repaired, too
DELETE FROM batch
WHERE rowid IN (
    SELECT b.rowid
    FROM batch AS b
    SEMI JOIN (SELECT * FROM raw.events WHERE {within}) AS e
    ON b.user_id = e.user_id AND b.post_id = e.post_id AND b.action = e.action AND b.event_time = e.event_time
)
