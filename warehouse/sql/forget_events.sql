DELETE FROM quality.rejected
WHERE table_name = 'events' AND {within}
    AND (rule, "row", occurrence) NOT IN (SELECT (rule, "row", occurrence) FROM broken WHERE table_name = 'events')
