-- experiments/sql/guardrail_day.sql
-- One day of `experiments.guardrail_daily`; $seen answers and $posts by place in $arms have been counted before. Sources
-- and variety are measured on one list in $one_in, chosen by hash: the same always.
WITH answers AS (
    SELECT
        arm,
        count(*) AS answers,
        quantile_cont(nullif(latency, 0), [0.5, 0.99]) AS latency -- 0 where it was not measured
    FROM raw.exposures
    WHERE salt = $salt AND as_of IS NULL AND experiment IS NOT NULL AND shown_at >= $day AND shown_at < $until
    GROUP BY arm
),
topics AS (
    SELECT
        s.arm,
        s.request_id,
        coalesce(p.topic, '') AS topic,
        count(*) AS posts,
        count(*) FILTER (list_contains($for_everybody, s.source)) AS fallbacks,
        count(*) FILTER (s.source = $exploration) AS explored
    FROM (
        SELECT arm, request_id, unnest(post_ids) AS post_id, unnest(sources) AS source
        FROM raw.exposures
        WHERE salt = $salt AND as_of IS NULL AND experiment IS NOT NULL AND shown_at >= $day AND shown_at < $until
            AND hash(request_id) % $one_in::UBIGINT = 0
    ) AS s
    LEFT JOIN raw.posts AS p USING (post_id)
    GROUP BY ALL
),
lists AS (
    SELECT
        arm,
        sum(posts) AS posts,
        sum(fallbacks) AS fallbacks,
        sum(explored) AS explored,
        -- added as whole numbers (of 2^20ths), which come to the same in any order
        round(1048576 * (1 - sum(posts * posts) / pow(sum(posts), 2))) AS diversity
    FROM topics
    GROUP BY arm, request_id
),
looked_into AS (
    SELECT
        arm,
        avg(diversity) / 1048576 AS diversity,
        sum(fallbacks) / sum(posts) AS fallbacks,
        sum(explored) / sum(posts) AS explored
    FROM lists
    GROUP BY arm
)
SELECT
    arm,
    a.answers,
    a.latency[1] AS latency_p50,
    a.latency[2] AS latency_p99,
    $posts[list_position($arms, arm)] AS posts,
    l.diversity,
    l.fallbacks,
    l.explored,
    1 - $seen[list_position($arms, arm)] / a.answers AS unseen
FROM answers AS a
LEFT JOIN looked_into AS l USING (arm)
ORDER BY arm
