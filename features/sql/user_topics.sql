-- What each (user_id, cut) of `user_keys` did with each topic of `topics`, from days strictly before the cut.
-- The rate is smoothed towards the user's own rate, scaled by how the topic does with everybody.
WITH known AS (
    SELECT
        k.user_id,
        k.cut,
        o.topic_row,
        coalesce(t.views, 0) AS views,
        coalesce(t.likes, 0) AS likes,
        e.likes / nullif(e.views, 0) AS prior,
        smoothed(coalesce(g.likes, 0), coalesce(g.views, 0), prior, 100) AS topic_rate,
        smoothed(coalesce(u.likes, 0), coalesce(u.views, 0), prior, 20) AS user_rate
    FROM user_keys AS k
    CROSS JOIN topics AS o
    ASOF LEFT JOIN user_topic_totals AS t ON k.user_id = t.user_id AND o.topic = t.topic AND k.cut > t.day
    ASOF LEFT JOIN topic_totals AS g ON o.topic = g.topic AND k.cut > g.day
    ASOF LEFT JOIN user_totals AS u ON k.user_id = u.user_id AND k.cut > u.day
    ASOF LEFT JOIN everybody AS e ON k.cut > e.day
)
SELECT
    views AS pair_topic_views,
    smoothed(likes, views, user_rate * topic_rate / nullif(prior, 0), 10) AS pair_topic_like_rate
FROM known
ORDER BY user_id, cut, topic_row
