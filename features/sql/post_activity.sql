-- Popularity, trend and age of each (post_id, cut) of `post_keys`, from days strictly before the cut.
WITH first_days AS (SELECT post_id, min(day) AS day FROM features.post_day GROUP BY post_id),
described AS (
    SELECT
        post_id,
        coalesce(topic, '') AS topic,
        CASE WHEN trim(text) = '' THEN 0 ELSE array_length(regexp_split_to_array(trim(text), '\s+')) END AS words
    FROM raw.posts
),
-- Weights as whole numbers (of 2^20ths), which add up to the same in any order; beyond 20 half-lives they are 0.
decayed AS (
    SELECT post_id, cut, sum(weight * views) / 1048576 AS views, sum(weight * likes) / 1048576 AS likes
    FROM (
        SELECT k.post_id, k.cut, d.views, d.likes, round(1048576 * pow(0.5, (k.cut - d.day) / $half_life))::BIGINT AS weight
        FROM post_keys AS k
        JOIN features.post_day AS d ON k.post_id = d.post_id AND d.day < k.cut
    )
    GROUP BY ALL
),
known AS (
    SELECT
        k.post_id,
        k.cut,
        p.words,
        coalesce(t.views, 0) AS views,
        coalesce(t.likes, 0) AS likes,
        coalesce(t.views, 0) - coalesce(w.views, 0) AS views_7d,
        coalesce(t.likes, 0) - coalesce(w.likes, 0) AS likes_7d,
        CASE WHEN f.day < k.cut THEN k.cut - f.day END AS age_days,
        smoothed(coalesce(o.likes, 0), coalesce(o.views, 0), e.likes / nullif(e.views, 0), 100) AS topic_like_rate,
        smoothed(coalesce(t.likes, 0), coalesce(t.views, 0), topic_like_rate, 30) AS like_rate,
        smoothed(likes_7d, views_7d, like_rate, 30) AS like_rate_7d,
        smoothed(coalesce(y.likes, 0), coalesce(y.views, 0), topic_like_rate, 30) AS like_rate_decayed
    FROM post_keys AS k
    JOIN described AS p ON k.post_id = p.post_id
    ASOF LEFT JOIN post_totals AS t ON k.post_id = t.post_id AND k.cut > t.day
    ASOF LEFT JOIN post_totals AS w ON k.post_id = w.post_id AND k.cut - 7 > w.day
    ASOF LEFT JOIN topic_totals AS o ON p.topic = o.topic AND k.cut > o.day
    ASOF LEFT JOIN everybody AS e ON k.cut > e.day
    LEFT JOIN decayed AS y ON k.post_id = y.post_id AND k.cut = y.cut
    LEFT JOIN first_days AS f ON k.post_id = f.post_id
)
SELECT
    views AS post_views,
    likes AS post_likes,
    like_rate AS post_like_rate,
    views_7d AS post_views_7d,
    like_rate_7d AS post_like_rate_7d,
    like_rate_7d / nullif(like_rate, 0) AS post_trend,
    like_rate_decayed AS post_like_rate_decayed,
    age_days AS post_age_days,
    words AS post_words,
    topic_like_rate
FROM known
ORDER BY post_id, cut
