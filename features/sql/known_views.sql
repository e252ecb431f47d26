-- Views that were known before $cut, each with what was known to have become of it by then: liked when the same user
-- liked the same post within the attribution window. Left out are views whose window was not over, views of a post that
-- the user had liked before, and views of users or posts that the network has deleted since. Of users within
-- [$first_user, $last_user], and of these of $share in a thousand, chosen by hash; in order of user and post.
WITH known AS (
    SELECT user_id, post_id, action, event_time
    FROM raw.known_events
    SEMI JOIN raw.users USING (user_id)
    SEMI JOIN raw.posts USING (post_id)
    WHERE known_at < $cut AND user_id BETWEEN $first_user AND $last_user AND hash(user_id, $seed) % 1000 < $share
),
first_likes AS (SELECT user_id, post_id, min(event_time) AS liked_at FROM known WHERE action = 'like' GROUP BY ALL),
now AS (SELECT least(CAST($cut AS TIMESTAMP), max(event_time)) AS moment FROM raw.events)
SELECT
    v.user_id,
    v.post_id,
    coalesce(l.liked_at <= v.event_time + $attribution, false) AS liked
FROM known AS v
CROSS JOIN now
LEFT JOIN first_likes AS l ON v.user_id = l.user_id AND v.post_id = l.post_id
WHERE v.action = 'view'
    AND v.event_time + $attribution <= now.moment
    AND (l.liked_at IS NULL OR v.event_time <= l.liked_at)
ORDER BY v.user_id, v.post_id, v.event_time
