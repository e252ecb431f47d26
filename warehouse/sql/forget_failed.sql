DELETE FROM quality.rejected
WHERE run_id IN (SELECT run_id FROM meta.runs WHERE kind = 'copy' AND status = 'failed')
