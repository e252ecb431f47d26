-- For each user a number that is another one, as good as surely, if any event differs that the user's history before $cut
-- is learned from, or when it became known. A view whose window is not over counts for nothing yet.
SELECT user_id, bit_xor(hash(post_id, action, event_time, late_at)) AS did
FROM raw.known_events
WHERE known_at < $cut
    AND (action = 'like' OR event_time <= (SELECT max(event_time) FROM raw.events) - $attribution)
GROUP BY user_id
ORDER BY user_id
