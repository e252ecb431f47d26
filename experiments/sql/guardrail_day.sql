-- experiments/sql/guardrail_day.sql
-- One day of `experiments.guardrail_daily`. Variety is measured on one list in $one_in, chosen by hash: the same always.
-- The answers are read several times, as reading a few columns costs less than holding their lists.
WITH answers AS (
    SELECT
        arm,
        count(*) AS answers,
        quantile_cont(nullif(latency, 0), [0.5, 0.99]) AS latency, -- 0 where it was not measured
        sum(len(post_ids)) AS shown,
        sum(len([source FOR source IN sources IF list_contains($for_everybody, source)])) AS fallbacks,
        sum(len([source FOR source IN sources IF source = $exploration])) AS explored
    FROM raw.exposures
    WHERE salt = $salt AND as_of IS NULL AND experiment IS NOT NULL AND shown_at >= $day AND shown_at < $until
    GROUP BY arm
),
posts AS (
    SELECT arm, count(*) AS posts
    FROM (
        SELECT DISTINCT arm, unnest(post_ids) AS post_id
        FROM raw.exposures
        WHERE salt = $salt AND as_of IS NULL AND experiment IS NOT NULL AND shown_at >= $day AND shown_at < $until
    )
    GROUP BY arm
),
topics AS (
    SELECT s.arm, s.request_id, coalesce(p.topic, '') AS topic, count(*) AS posts
    FROM (
        SELECT arm, request_id, unnest(post_ids) AS post_id
        FROM raw.exposures
        WHERE salt = $salt AND as_of IS NULL AND experiment IS NOT NULL AND shown_at >= $day AND shown_at < $until
            AND hash(request_id) % $one_in::UBIGINT = 0
    ) AS s
    LEFT JOIN raw.posts AS p USING (post_id)
    GROUP BY ALL
),
variety AS (
    -- added as whole numbers (of 2^20ths), which come to the same in any order
    SELECT arm, avg(diversity) / 1048576 AS diversity
    FROM (
        SELECT arm, round(1048576 * (1 - sum(posts * posts) / pow(sum(posts), 2))) AS diversity
        FROM topics
        GROUP BY arm, request_id
    )
    GROUP BY arm
),
seen AS (SELECT arm, count(*) AS answers FROM answered WHERE viewed <> 0 GROUP BY arm)
SELECT
    $salt AS salt,
    $day AS day,
    arm,
    a.answers,
    a.latency[1] AS latency_p50,
    a.latency[2] AS latency_p99,
    coalesce(p.posts, 0) AS posts,
    v.diversity,
    a.fallbacks / nullif(a.shown, 0) AS fallbacks,
    a.explored / nullif(a.shown, 0) AS explored,
    1 - coalesce(s.answers, 0) / a.answers AS unseen
FROM answers AS a
LEFT JOIN seen AS s USING (arm)
LEFT JOIN posts AS p USING (arm)
LEFT JOIN variety AS v USING (arm)
ORDER BY arm
