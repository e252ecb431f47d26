"""Time split, CatBoost rankers, scoring, baselines, metrics and evaluation."""
