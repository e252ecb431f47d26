-- rows of `incoming` without an id, and all but one of those that share an id: the first one by its content stays
CREATE OR REPLACE TEMP TABLE doubtful AS
SELECT
    id,
    if(key IS NULL, 'null_id', 'duplicate_id') AS rule,
    "row"
FROM (
    SELECT
        rowid AS id,
        {key} AS key,
        to_json(incoming) AS "row",
        row_number() OVER (PARTITION BY {key} ORDER BY to_json(incoming)) AS place
    FROM incoming
    WHERE {key} IS NULL OR {key} IN (SELECT {key} FROM incoming GROUP BY {key} HAVING count(*) > 1)
)
WHERE key IS NULL OR place > 1
