"""One file a question; each prints a table and writes its figures to benchmarks/results."""
