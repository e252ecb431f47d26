"""One revision a file; `warehouse.source_tables.HEAD` is the newest."""
