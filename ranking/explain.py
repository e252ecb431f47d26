"""Why a post was recommended, in words: what its score is made of, and what the user liked that reads alike.

A ranker's score of a post is, in log-odds, a base plus a contribution of every feature (SHAP values, see
`Recommender.contributions`). Features that tell a person the same thing are added up to one reason; which do is said
beside the catalogue, in `features.catalog.REASONS`. The base and all reasons of a post add up to its raw score.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.audience import Audience
from features.catalog import reason_of
from features.serving_state import ServingState
from ranking.lists import Recommendations
from ranking.recommender import Recommender
from ranking.top_k import NOTHING, top_k

SIMILAR = 3
STRONGEST = 5  # as many reasons of a post as a person will read


@dataclass(frozen=True)
class Reason:
    """What speaks for a post, or against it, and how much, in log-odds."""

    reason: str
    contribution: float


@dataclass(frozen=True)
class SimilarLiked:
    """A post that the user liked, and the cosine of its text to the recommended one's."""

    id: int
    similarity: float


@dataclass(frozen=True)
class Explanation:
    """Why one post stands in an answer."""

    source: str  # where the candidate came from
    propensity: float  # probability that the post was shown at its place; 1 where nothing is left to chance
    score: float  # estimated probability of a like
    base: float  # log-odds before anything is known of user, post and moment
    reasons: list[Reason]  # all of them, the strongest first, whether for or against
    similar_liked: list[SimilarLiked]  # at most `SIMILAR`, nearest first


def explain(
    recommender: Recommender,
    arm: str,
    user_id: int,
    when: datetime,
    answer: Recommendations,
    audience: Audience | None = None,
) -> list[Explanation]:
    """Explain each post of an answer that `recommender.recommend` gave for the same arm, user, moment and audience.

    Safe in any thread; takes some 5 ms of processor time a post.
    """
    if not len(answer.post_ids):
        return []
    state = recommender.state
    post_rows = state.rows_of(answer.post_ids)
    audience = audience or recommender.audience(arm, user_id)
    contributions = recommender.contributions(arm, audience, when, post_rows)
    reasons, sums = by_reason(state.layout.names, contributions[:, :-1])
    similar = similar_liked(state, arm, audience, post_rows)
    return [
        Explanation(
            source=source,
            propensity=float(propensity),
            score=float(score),
            base=float(base),
            reasons=_told(reasons, values, state.topics[state.posts.topic_rows[row]]),
            similar_liked=alike,
        )
        for source, propensity, score, base, values, row, alike in zip(
            answer.sources,
            answer.propensities,
            answer.scores,
            contributions[:, -1],
            sums,
            post_rows,
            similar,
            strict=True,
        )
    ]


def by_reason(names: list[str], contributions: NDArray[np.float64]) -> tuple[list[str], NDArray[np.float64]]:
    """Add up the contributions (k, F) of features that tell the same: the G reasons, and their sums (k, G)."""
    of_feature = [reason_of(name) for name in names]
    reasons = list(dict.fromkeys(of_feature))
    member = np.array(of_feature)[:, None] == np.array(reasons)  # (F, G)
    return reasons, contributions @ member


def similar_liked(
    state: ServingState, arm: str, audience: Audience, post_rows: NDArray[np.int64]
) -> list[list[SimilarLiked]]:
    """For each post, those that the one user liked and that read most like it, in the arm's text space.

    A cosine of zero or less is no similarity: a text unlike it, or no text at all.
    """
    liked, vectors = audience.liked_posts, state.spaces[arm].vectors
    cosines = vectors[post_rows] @ vectors[liked].T  # (k, likes)
    nearest = top_k(np.where(cosines > 0, cosines, -np.inf), SIMILAR)
    return [
        [SimilarLiked(int(state.post_ids[liked[i]]), float(mine[i])) for i in best[best != NOTHING]]
        for mine, best in zip(cosines, nearest, strict=True)
    ]


def named(topic: str | None) -> str:
    """A topic within a reason."""
    return f"topic {topic}" if topic else "posts without a topic"


def _told(reasons: list[str], values: NDArray[np.float64], topic: str) -> list[Reason]:
    return [
        Reason(reasons[i].format(topic=named(topic)), float(values[i]))
        for i in np.argsort(-np.abs(values), kind="stable")
    ]
