"""Which way of fitting the trees is best? Variants of one thing each, over the same base scores.

For each variant the true probability of a like of every user's top five (as in `benchmarks.quality`), as a share of the
way from random to the oracle, and the log loss of the last training day, which no variant was fitted on. `base alone` is
the score that the trees correct. Pairs and lists are groups of one user's views of one day.
"""

USERS = 1_500
SEED = 0
