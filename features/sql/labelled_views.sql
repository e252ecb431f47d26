-- Views of [$since, $until) with what became of them: liked when the same user liked the same post within the window.
-- Views whose window was not over by $until are left out (their label is not known yet), and so are views of a post
-- that the user had liked before (it is never recommended again), and of users or
-- posts that the network has deleted since. Of users for whom the condition in braces holds; at most $rows views, chosen
-- by hash: the same always.
WITH views AS (
    SELECT user_id, post_id, event_time
    FROM raw.events
    SEMI JOIN raw.users USING (user_id)
    SEMI JOIN raw.posts USING (post_id)
    WHERE action = 'view' AND event_time >= $since AND event_time + $attribution <= $until AND {chosen}
    ORDER BY hash(user_id, post_id, event_time, $seed), user_id, post_id, event_time
    LIMIT $rows
),
likes AS (
    SELECT user_id, post_id, event_time
    FROM raw.events
    SEMI JOIN views USING (user_id, post_id)
    WHERE action = 'like' AND event_time < $until
)
SELECT
    v.user_id,
    v.post_id,
    v.event_time,
    CAST(v.event_time AS DATE) AS cut,
    coalesce(next_like.event_time <= v.event_time + $attribution, false) AS liked
FROM views AS v
ASOF LEFT JOIN likes AS next_like
    ON v.user_id = next_like.user_id AND v.post_id = next_like.post_id AND v.event_time <= next_like.event_time
ASOF LEFT JOIN likes AS earlier
    ON v.user_id = earlier.user_id AND v.post_id = earlier.post_id AND v.event_time > earlier.event_time
WHERE earlier.event_time IS NULL
ORDER BY v.event_time, v.user_id, v.post_id
