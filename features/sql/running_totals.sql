-- Running totals through each day, for the as-of joins: a row with cut C takes the latest day strictly before C.
CREATE OR REPLACE TEMP MACRO smoothed(likes, views, prior, weight) AS (likes + weight * prior) / (views + weight);

CREATE OR REPLACE TEMP VIEW user_totals AS
SELECT user_id, day, sum(views) OVER past AS views, sum(likes) OVER past AS likes
FROM features.user_day
SEMI JOIN user_keys USING (user_id)
WINDOW past AS (PARTITION BY user_id ORDER BY day);

CREATE OR REPLACE TEMP VIEW user_topic_totals AS
SELECT user_id, topic, day, sum(views) OVER past AS views, sum(likes) OVER past AS likes
FROM features.user_topic_day
SEMI JOIN user_keys USING (user_id)
WINDOW past AS (PARTITION BY user_id, topic ORDER BY day);

CREATE OR REPLACE TEMP VIEW post_totals AS
SELECT post_id, day, sum(views) OVER past AS views, sum(likes) OVER past AS likes
FROM features.post_day
WINDOW past AS (PARTITION BY post_id ORDER BY day);

CREATE OR REPLACE TEMP VIEW topic_totals AS
SELECT coalesce(p.topic, '') AS topic, d.day, sum(sum(d.views)) OVER past AS views, sum(sum(d.likes)) OVER past AS likes
FROM features.post_day AS d
JOIN raw.posts AS p USING (post_id)
GROUP BY ALL
WINDOW past AS (PARTITION BY coalesce(p.topic, '') ORDER BY d.day);

CREATE OR REPLACE TEMP VIEW everybody AS
SELECT day, sum(sum(views)) OVER past AS views, sum(sum(likes)) OVER past AS likes
FROM features.post_day
GROUP BY day
WINDOW past AS (ORDER BY day);
