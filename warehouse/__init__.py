"""Source contract, copy from PostgreSQL into DuckDB, data quality, and the snapshots built from it."""
