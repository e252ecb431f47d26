"""As-of user, post and pair features, text spaces, the training set and the serving state."""
