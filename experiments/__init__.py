"""Arms and assignment of the A/B experiment."""
