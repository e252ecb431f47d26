-- experiments/sql/guardrail_day.sql
-- One day of `experiments.guardrail_daily`. Variety is measured on about $lists lists of the day, chosen by hash: the
-- same ones always.
WITH shown AS (
    SELECT request_id, arm, latency, post_ids, sources
    FROM raw.exposures
    WHERE salt = $salt AND as_of IS NULL AND experiment IS NOT NULL AND shown_at >= $day AND shown_at < $until
),
answers AS (
    SELECT
        arm,
        count(*) AS answers,
        -- 0 is written where it was not measured
        quantile_cont(nullif(latency, 0), [0.5, 0.99]) AS latency
    FROM shown
    GROUP BY arm
),
seen AS (SELECT arm, count(*) AS answers FROM answered WHERE viewed <> 0 GROUP BY arm),
by_post AS (
    SELECT
        arm,
        post_id,
        count(*) AS shown,
        count(*) FILTER (list_contains($for_everybody, source)) AS fallbacks,
        count(*) FILTER (source = $exploration) AS explored
    FROM (SELECT arm, unnest(post_ids) AS post_id, unnest(sources) AS source FROM shown)
    GROUP BY ALL
),
posts AS (
    SELECT
        arm,
        count(*) AS posts,
        sum(fallbacks) / sum(shown) AS fallbacks,
        sum(explored) / sum(shown) AS explored
    FROM by_post
    GROUP BY arm
),
topics AS (
    SELECT s.arm, s.request_id, coalesce(p.topic, '') AS topic, count(*) AS posts
    FROM (
        SELECT arm, request_id, unnest(post_ids) AS post_id
        FROM shown
        WHERE hash(request_id) % greatest((SELECT sum(answers) FROM answers)::BIGINT // $lists, 1) = 0
    ) AS s
    LEFT JOIN raw.posts AS p USING (post_id)
    GROUP BY ALL
),
variety AS (
    SELECT arm, avg(diversity) AS diversity
    FROM (
        SELECT arm, 1 - sum(posts * posts) / pow(sum(posts), 2) AS diversity
        FROM topics
        GROUP BY arm, request_id
    )
    GROUP BY arm
)
SELECT
    $salt AS salt,
    $day AS day,
    arm,
    a.answers,
    a.latency[1] AS latency_p50,
    a.latency[2] AS latency_p99,
    coalesce(p.posts, 0) AS posts,
    v.diversity,
    p.fallbacks,
    p.explored,
    1 - coalesce(s.answers, 0) / a.answers AS unseen
FROM answers AS a
LEFT JOIN seen AS s USING (arm)
LEFT JOIN posts AS p USING (arm)
LEFT JOIN variety AS v USING (arm)
ORDER BY arm
