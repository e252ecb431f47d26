"""A made-up network whose true like-probabilities are known."""
