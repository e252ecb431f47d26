-- by rule: how many rows broke it, and how many of them no earlier copy has rejected
SELECT
    b.rule,
    count(*) AS found,
    count(*) FILTER (r.rule IS NULL) AS new
FROM broken AS b
LEFT JOIN quality.rejected AS r USING (table_name, rule, "row", occurrence)
WHERE b.table_name = $table
GROUP BY b.rule
ORDER BY b.rule
