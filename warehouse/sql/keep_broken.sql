INSERT INTO quality.rejected
SELECT
    $run_id AS run_id,
    b.table_name,
    b.rule,
    b."row",
    b.occurrence,
    now() AT TIME ZONE 'UTC' AS rejected_at
FROM broken AS b
ANTI JOIN quality.rejected AS r USING (table_name, rule, "row", occurrence)
