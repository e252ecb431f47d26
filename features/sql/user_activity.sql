-- Activity of each (user_id, cut) of `user_keys`, from days strictly before the cut.
WITH first_days AS (SELECT user_id, min(day) AS day FROM features.user_day GROUP BY user_id),
known AS (
    SELECT
        k.user_id,
        k.cut,
        coalesce(t.views, 0) AS views,
        coalesce(t.likes, 0) AS likes,
        coalesce(t.views, 0) - coalesce(w.views, 0) AS views_7d,
        coalesce(t.likes, 0) - coalesce(w.likes, 0) AS likes_7d,
        k.cut - t.day AS days_away,
        CASE WHEN f.day < k.cut THEN k.cut - f.day END AS days_known,
        e.likes / nullif(e.views, 0) AS prior,
        smoothed(coalesce(t.likes, 0), coalesce(t.views, 0), prior, 20) AS like_rate
    FROM user_keys AS k
    ASOF LEFT JOIN user_totals AS t ON k.user_id = t.user_id AND k.cut > t.day
    ASOF LEFT JOIN user_totals AS w ON k.user_id = w.user_id AND k.cut - 7 > w.day
    ASOF LEFT JOIN everybody AS e ON k.cut > e.day
    LEFT JOIN first_days AS f ON k.user_id = f.user_id
)
SELECT
    views AS user_views,
    likes AS user_likes,
    like_rate AS user_like_rate,
    views_7d AS user_views_7d,
    smoothed(likes_7d, views_7d, like_rate, 10) AS user_like_rate_7d,
    days_known AS user_days_known,
    days_away AS user_days_away
FROM known
ORDER BY user_id, cut
