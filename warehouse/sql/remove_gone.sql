DELETE FROM raw.events
WHERE {within}
    AND (user_id, post_id, action, event_time) IN (SELECT (user_id, post_id, action, event_time) FROM gone)
