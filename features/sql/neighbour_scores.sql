-- For each view (row), the similarity of its post to every post that its user was known to like before its cut.
WITH likes AS (
    SELECT user_id, post_id, min(known_at) AS known_at
    FROM raw.known_events
    WHERE action = $like AND user_id IN (SELECT user_id FROM neighbour_views)
    GROUP BY ALL
)
SELECT v.row, s.similarity
FROM neighbour_views AS v
JOIN likes AS l ON v.user_id = l.user_id AND l.known_at < v.cut
JOIN neighbour_pairs AS s ON s.post_id = l.post_id AND s.neighbour_id = v.post_id
ORDER BY v.row, l.post_id
