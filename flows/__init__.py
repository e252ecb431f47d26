"""Prefect flows: orchestration only, each task a few lines around a plain function."""
