-- What would user 3 be shown by either ranker?
FROM recommend(3, n := 5);

-- Do the rankers beat popularity on the days they have not seen, and how sure is that?
SELECT arm, round(value, 4) AS hitrate_at_5, round(low, 4) AS low, round(high, 4) AS high, reason
FROM evaluation
WHERE metric = 'hitrate@5_all'
ORDER BY value DESC;

-- And for people nobody knows yet, and for posts younger than a day?
SELECT segment, metric, arm, round(value, 4) AS value, round(low, 4) AS low, round(high, 4) AS high, reason
FROM evaluation_segments
WHERE metric IN ('auc', 'user_auc') AND segment IN ('users with 0 events', 'posts younger than a day')
ORDER BY segment, metric, value DESC;

-- What share of the posts on each list would be liked?
SELECT arm, round(value, 4) AS like_rate_at_5, round(low, 4) AS low, round(high, 4) AS high, matched, verdict
FROM replay
WHERE k = 5
ORDER BY value DESC;

-- What do the people of each country like most?
SELECT u.country, p.topic, count(*) AS likes
FROM user_likes JOIN users AS u USING (user_id) JOIN posts AS p USING (post_id)
GROUP BY u.country, p.topic
QUALIFY row_number() OVER (PARTITION BY u.country ORDER BY count(*) DESC, p.topic) = 1
ORDER BY likes DESC;

-- Which posts are on the way up?
SELECT post_id, p.topic, f.post_views_7d, round(f.post_like_rate_7d, 3) AS like_rate_7d, round(f.post_trend, 2) AS trend
FROM post_features AS f JOIN posts AS p USING (post_id)
ORDER BY f.post_trend DESC, post_id
LIMIT 10;

-- How much do the lists of the two arms differ, and how much of the catalogue does each show?
WITH shared AS (
    SELECT user_id, count(*) - count(DISTINCT post_id) AS posts FROM recommendations WHERE rank <= 5 GROUP BY user_id
)
SELECT
    (SELECT avg(posts) / 5 FROM shared) AS shared_of_top_5,
    count(DISTINCT post_id) FILTER (arm = 'control') / (SELECT count(*) FROM posts) AS shown_by_control,
    count(DISTINCT post_id) FILTER (arm = 'test') / (SELECT count(*) FROM posts) AS shown_by_test
FROM recommendations;

-- Which posts read like post 8?
FROM similar_posts(8, n := 5);
