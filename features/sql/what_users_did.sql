-- For each user a number that is another one, as good as surely, if anything differs that the user's history before $cut
-- is learned from: events, when they became known, or what was fitted of their posts. A view whose window is not over
-- counts for nothing yet.
SELECT user_id, bit_xor(hash(action, looks, event_time, late_at)) AS did
FROM raw.known_events
JOIN (SELECT post_id, hash(numbers, topic) AS looks FROM fitted_posts) AS p USING (post_id)
SEMI JOIN raw.users USING (user_id)
WHERE known_at < $cut
    AND (action = 'like' OR event_time + $attribution <= (SELECT max(event_time) FROM raw.events))
GROUP BY user_id
ORDER BY user_id
