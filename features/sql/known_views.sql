-- Views whose outcome became known on the days [$since, $until), and what it was: liked when the same user liked the same
-- post within the attribution window. A view's day is the one on which it was known and its window was over. A like
-- counts when it was known by the end of that day, or before $labels, whichever is later. Left out are views of a post
-- that the user had liked before. Of users for whom the first condition in braces holds; in order of user and post.
WITH views AS (
    SELECT user_id, post_id, event_time, CAST(greatest(known_at, event_time + $attribution) AS DATE) AS day
    FROM raw.known_events
    WHERE action = 'view'
        AND {chosen}
        AND known_at < $until
        AND known_at >= $since - $attribution - INTERVAL 1 DAY
        AND event_time + $attribution <= (SELECT max(event_time) FROM raw.events)
        AND day >= $since
        AND day < $until
),
-- the earliest of a pair's likes that were known from a moment on: all those before $labels are known at once
likes AS (
    SELECT user_id, post_id, greatest(known_at, $labels - INTERVAL 1 MICROSECOND) AS known_at, min(event_time) AS event_time
    FROM raw.known_events
    {liked_by}
    WHERE action = 'like' AND {chosen} AND known_at < $until
    GROUP BY ALL
),
told AS (
    SELECT
        user_id,
        post_id,
        min(event_time) OVER by_pair AS liked_at,
        known_at AS told_from,
        lead(known_at) OVER by_pair AS told_until
    FROM likes
    WINDOW by_pair AS (PARTITION BY user_id, post_id ORDER BY known_at)
)
SELECT v.user_id, v.post_id, v.day, coalesce(t.liked_at <= v.event_time + $attribution, false) AS liked
FROM views AS v
LEFT JOIN told AS t
    ON v.user_id = t.user_id
    AND v.post_id = t.post_id
    AND greatest(v.day + 1, CAST($labels AS DATE)) > t.told_from
    AND greatest(v.day + 1, CAST($labels AS DATE)) <= coalesce(t.told_until, TIMESTAMP 'infinity')
WHERE t.liked_at IS NULL OR v.event_time <= t.liked_at
ORDER BY v.user_id, v.post_id, v.event_time
