-- Running totals through each day, for the as-of joins: a row with cut C takes the latest day strictly before C.
-- (DuckDB's parser wants the names of windows to differ across the statements of one script.)
CREATE OR REPLACE TEMP MACRO smoothed(likes, views, prior, weight) AS (likes + weight * prior) / (views + weight);

-- No cut tells the days apart that lie a week and more before the first of them: they are one row, of the last of them.
CREATE OR REPLACE TEMP MACRO told_apart(day) AS greatest(day, (SELECT min(cut) - 8 FROM user_keys));

CREATE OR REPLACE TEMP VIEW user_totals AS
SELECT user_id, day, sum(views) OVER through_user_totals AS views, sum(likes) OVER through_user_totals AS likes
FROM (
    SELECT user_id, max(day) AS day, sum(views) AS views, sum(likes) AS likes
    FROM features.user_day
    SEMI JOIN user_keys USING (user_id)
    GROUP BY user_id, told_apart(day)
)
WINDOW through_user_totals AS (PARTITION BY user_id ORDER BY day);

CREATE OR REPLACE TEMP VIEW user_topic_totals AS
SELECT user_id, topic, day, sum(views) OVER through_user_topic_totals AS views, sum(likes) OVER through_user_topic_totals AS likes
FROM (
    SELECT user_id, topic, max(day) AS day, sum(views) AS views, sum(likes) AS likes
    FROM features.user_topic_day
    SEMI JOIN user_keys USING (user_id)
    GROUP BY user_id, topic, told_apart(day)
)
WINDOW through_user_topic_totals AS (PARTITION BY user_id, topic ORDER BY day);

CREATE OR REPLACE TEMP VIEW post_totals AS
SELECT post_id, day, sum(views) OVER through_post_totals AS views, sum(likes) OVER through_post_totals AS likes
FROM features.post_day
WINDOW through_post_totals AS (PARTITION BY post_id ORDER BY day);

CREATE OR REPLACE TEMP VIEW topic_totals AS
SELECT
    topic,
    day,
    sum(sum(views)) OVER through_topic_totals AS views,
    sum(sum(likes)) OVER through_topic_totals AS likes
FROM (
    SELECT coalesce(p.topic, '') AS topic, d.day, d.views, d.likes
    FROM features.post_day AS d JOIN raw.posts AS p USING (post_id)
)
GROUP BY topic, day
WINDOW through_topic_totals AS (PARTITION BY topic ORDER BY day);

CREATE OR REPLACE TEMP VIEW everybody AS
SELECT day, sum(sum(views)) OVER through_everybody AS views, sum(sum(likes)) OVER through_everybody AS likes
FROM features.post_day
GROUP BY day
WINDOW through_everybody AS (ORDER BY day);
