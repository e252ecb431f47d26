"""Posts that the factor model scores best for the user: its taste, the profile's prior and the post's quality."""

from ranking.shelf import Rows, model_queries
from ranking.sources.asked import Asked


def bring(asked: Asked) -> Rows:
    """Posts by the model's log-odds of a like."""
    weight = asked.state.post_factors[asked.arm].profile_weight
    if asked.index is not None and asked.view.whole:
        return asked.kept(asked.index.promising(asked.audience, weight, asked.enough))
    return asked.best(model_queries(asked.audience, weight) @ asked.shelf.model(asked.arm).T)
