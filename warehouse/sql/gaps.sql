SELECT day, coalesce(s.events, 0) AS source, coalesce(h.events, 0) AS held
FROM {source} AS s
FULL JOIN ({held}) AS h USING (day)
WHERE coalesce(s.events, 0) <> coalesce(h.events, 0) OR coalesce(s.checksum, 0) <> coalesce(h.checksum, 0)
ORDER BY day
