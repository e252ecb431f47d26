"""Prefect flows, one verb a file. Orchestration only: a task is a few lines around a plain function."""
