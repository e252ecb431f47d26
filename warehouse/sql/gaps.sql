SELECT day, coalesce(s.events, 0) AS source, coalesce(h.events, 0) AS held
FROM {source} AS s
FULL JOIN ({held}) AS h USING (day)
WHERE s.events IS DISTINCT FROM h.events OR s.checksum IS DISTINCT FROM h.checksum
ORDER BY day
