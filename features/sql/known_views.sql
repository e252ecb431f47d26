-- Views whose outcome became known on the days [$since, $until), and what it was: liked when the same user liked the same
-- post within the attribution window. A view's day is the one on which it was known and its window was over. A like
-- counts when it was known by the end of that day, or before $labels, whichever is later. Left out are views of a post
-- that the user had liked before, and those of users or posts that the network has deleted since. Of users for whom the
-- condition in braces holds; in order of user and post.
WITH known AS (
    SELECT user_id, post_id, action, event_time, known_at
    FROM raw.known_events
    SEMI JOIN raw.users USING (user_id)
    SEMI JOIN raw.posts USING (post_id)
    WHERE known_at < $until AND {chosen}
),
views AS (
    SELECT
        user_id,
        post_id,
        event_time,
        CAST(greatest(known_at, event_time + $attribution) AS DATE) AS day,
        greatest(day + 1, CAST($labels AS DATE)) AS labelled_before
    FROM known
    WHERE action = 'view'
        AND event_time + $attribution <= (SELECT max(event_time) FROM raw.events)
        AND known_at >= $since - $attribution - INTERVAL 1 DAY
        AND day >= $since AND day < $until
),
likes AS (
    SELECT user_id, post_id, list({{'at': event_time, 'known_at': known_at}}) AS given
    FROM known
    SEMI JOIN views USING (user_id, post_id)
    WHERE action = 'like'
    GROUP BY ALL
),
labelled AS (
    SELECT
        v.*,
        -- of the likes that were known by then, since the first may arrive after another
        list_min([one.at FOR one IN l.given IF one.known_at < v.labelled_before]) AS liked_at
    FROM views AS v
    LEFT JOIN likes AS l ON v.user_id = l.user_id AND v.post_id = l.post_id
)
SELECT user_id, post_id, day, coalesce(liked_at <= event_time + $attribution, false) AS liked
FROM labelled
WHERE liked_at IS NULL OR event_time <= liked_at
ORDER BY user_id, post_id, event_time
