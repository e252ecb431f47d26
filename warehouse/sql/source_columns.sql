-- For PostgreSQL: every column that this user may read in the tables and views of one schema, a domain by its base type
SELECT
    c.relname AS table_name,
    a.attname AS column_name,
    coalesce(base.typname, t.typname) AS type_name
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
INNER JOIN pg_catalog.pg_type AS t ON a.atttypid = t.oid
LEFT JOIN pg_catalog.pg_type AS base ON t.typtype = 'd' AND t.typbasetype = base.oid
WHERE
    n.nspname = :schema
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY c.relname, a.attnum
