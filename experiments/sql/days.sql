-- experiments/sql/days.sql
-- Each day of each experiment, from its first answer to the end of the last answer's window, and what it is made of:
-- answers, those of them whose window is over at $horizon, and events of anybody.
WITH counted AS (
    SELECT salt, shown_at
    FROM raw.exposures
    WHERE as_of IS NULL AND experiment IS NOT NULL AND salt IS NOT NULL
),
spans AS (
    SELECT
        salt,
        unnest(
            generate_series(
                date_trunc('day', min(shown_at)), date_trunc('day', max(shown_at) + $window), INTERVAL 1 DAY
            )
        )::DATE AS day
    FROM counted
    GROUP BY salt
),
shown AS (
    SELECT
        salt,
        DATE '1970-01-01' + number AS day,
        answers,
        closed
    FROM (
        SELECT
            salt,
            (epoch_us(shown_at) // 86400000000)::INTEGER AS number, -- grouped in a third of the time that dates take
            count(*) AS answers,
            count(*) FILTER (shown_at <= $horizon::TIMESTAMP - $window) AS closed
        FROM counted
        GROUP BY ALL
    )
),
happened AS (
    SELECT event_time::DATE AS day, count(*) AS events
    FROM raw.events
    WHERE event_time >= (SELECT min(day) FROM spans)
    GROUP BY ALL
)
SELECT
    salt,
    day,
    $window::INTERVAL AS "window",
    coalesce(answers, 0) AS answers,
    coalesce(closed, 0) AS closed,
    coalesce(events, 0) AS events
FROM spans
LEFT JOIN shown USING (salt, day)
LEFT JOIN happened USING (day)
