INSERT INTO broken
SELECT
    $table AS table_name,
    rule,
    "row",
    row_number() OVER (PARTITION BY rule, "row") AS occurrence
FROM doubtful
