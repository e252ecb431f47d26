"""Features and rankers of a drawn network, as the pipeline would lay them out.

Profiles, topics, counts, neighbours and the profile's prior are computed from what was drawn. Factors, text vectors and
what happened in the last week are drawn themselves, with spreads that make scores log-odds around the like rate.
"""

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from benchmarks.course_network import ENDS_AT, LIKE_RATE, Network
from core.columns import ARMS, TEST
from core.settings import Settings
from features.arm_spaces import Encoders, Readings
from features.as_of import PostFeatures, UserFeatures
from features.catalog import Layout
from features.codebook import Codebook
from features.factor_model import FactorModel
from features.fitted import Fitted
from features.likes import liked_lists
from features.matrix import base_scores, rows_matrix
from features.neighbours import Neighbours, NeighbourScores
from features.profile_prior import ProfilePrior
from features.serving_state import ServingState
from features.text_space import TextSpace
from ranking.rankers import Rankers
from ranking.train import fit_ranker

Floats = NDArray[np.float32]

CUT = ENDS_AT.date()
ENCODER_POSTS = 2_000  # that text encoders are fitted on
EMBEDDING_WIDTH = 384  # of the transformer
PRIOR_USERS = 20_000  # that the profile's prior is fitted on
RANKER_USERS, RANKER_POSTS = 600, 100  # of each user, that rankers are trained on
TASTE = 0.5  # spread of what factors add to a score, in log-odds
QUALITY = 0.3
AS_SMOOTH = 20  # views that a rate is smoothed by


@dataclass(frozen=True)
class Counts:
    """Views and likes, by user and topic (U, T) and by post (P,)."""

    topic_views: Floats
    topic_likes: Floats
    post_views: Floats
    post_likes: Floats


def course_features(
    con: duckdb.DuckDBPyConnection, network: Network, settings: Settings, rng: np.random.Generator
) -> tuple[Rankers, ServingState]:
    counts = _counts(network, rng)
    codebook = Codebook.fit(con, network.topics)
    profiles = codebook.transform(network.users)
    some = rng.permutation(len(profiles))[:PRIOR_USERS]
    prior = ProfilePrior.fit(profiles[some], counts.topic_views[some], counts.topic_likes[some], settings.threads)
    codes = codebook.topic_codes(network.topics)
    spaces = {arm: _space(network, settings, rng) for arm in ARMS}
    factors = {arm: _factors(network, settings, rng) for arm in ARMS}
    with threadpool_limits(limits=1):
        neighbours = Neighbours.fit(con, CUT)
    fitted = Fitted(codebook, prior, factors, neighbours, CUT)
    unseen = np.full((1, profiles.shape[1]), np.nan, np.float32)
    priors = prior.log_odds(np.vstack([profiles, unseen]), codes)
    layout = Layout(tuple(codebook.names))
    state = _state(network, counts, layout, profiles, priors, spaces, fitted, rng)
    models = {arm: _fit_ranker(state, arm, settings, rng) for arm in ARMS}
    texts = network.posts["text"].to_list()[:ENCODER_POSTS]
    embeddings = rng.standard_normal((len(texts), EMBEDDING_WIDTH), dtype=np.float32)
    encoders = Encoders.fit(Readings(texts, embeddings), settings.features)
    return Rankers(fitted, encoders, models, layout), state


def _state(
    network: Network,
    counts: Counts,
    layout: Layout,
    profiles: Floats,
    priors: Floats,
    spaces: dict[str, TextSpace],
    fitted: Fitted,
    rng: np.random.Generator,
) -> ServingState:
    users, width = len(profiles), fitted.factors[TEST].factors.shape[1]
    liked = csr_array(
        (np.ones(len(network.like_users), np.float32), (network.like_users, network.like_posts)),
        shape=(users, len(network.posts)),
    )
    offsets, liked_posts = liked_lists(
        network.user_ids,
        network.post_ids,
        network.user_ids[network.like_users],
        network.post_ids[network.like_posts],
    )
    tastes = {arm: rng.standard_normal((users, width), dtype=np.float32) for arm in ARMS}
    return ServingState(
        cut=CUT,
        layout=layout,
        user_ids=network.user_ids,
        users=UserFeatures(
            values=np.hstack([_with_unseen(profiles, np.nan), _activity(counts, rng)]),
            topics=_topic_features(counts),
            prior=priors,
            liked={arm: _with_unseen(_unit(liked @ space.vectors), 0) for arm, space in spaces.items()},
        ),
        liked_offsets=offsets,
        liked_posts=liked_posts,
        post_ids=network.post_ids,
        posts=PostFeatures(_post_values(network, counts, rng), np.arange(len(network.posts)), network.topic_rows),
        topics=network.topics,
        eligible=np.ones(len(network.posts), np.bool_),
        spaces=spaces,
        post_factors={
            arm: model.of_posts(network.post_ids, np.zeros((len(network.posts), len(model.loadings)), np.float32))
            for arm, model in fitted.factors.items()
        },
        user_factors={arm: _with_unseen(taste, 0) for arm, taste in tastes.items()},
        neighbours=fitted.neighbours.among(network.post_ids),
    )


def _counts(network: Network, rng: np.random.Generator) -> Counts:
    users, topics, posts = len(network.users), len(network.topics), len(network.posts)
    cells = network.like_users * topics + network.topic_rows[network.like_posts]
    liked = np.bincount(cells, minlength=users * topics).reshape(users, topics)
    by_post = np.bincount(network.like_posts, minlength=posts)
    unliked = (1 - LIKE_RATE) / LIKE_RATE
    viewed, of_post = (likes + rng.poisson(unliked * np.maximum(likes, 0.3)) for likes in (liked, by_post))
    return Counts(*(array.astype(np.float32) for array in (viewed, liked, of_post, by_post)))


def _topic_features(counts: Counts) -> Floats:
    """(U + 1, T, 2) views and smoothed like rate; the unseen user has everybody's rates."""
    views, likes = _with_unseen(counts.topic_views, 0), _with_unseen(counts.topic_likes, 0)
    return np.stack([views, _rate(likes, views, _share(counts))], axis=2)


def _activity(counts: Counts, rng: np.random.Generator) -> Floats:
    """(U + 1, 7) in the catalogue's order."""
    views, likes = counts.topic_views.sum(axis=1), counts.topic_likes.sum(axis=1)
    rate, recent = _rate(likes, views, _share(counts)), rng.poisson(views * 7 / 90).astype(np.float32)
    known, away = rng.integers(7, 91, len(views)), rng.integers(1, 7, len(views))
    seen = np.column_stack([views, likes, rate, recent, _jittered(rate, rng), known, away]).astype(np.float32)
    unseen = np.array([[0, 0, _share(counts), 0, _share(counts), np.nan, np.nan]], np.float32)
    return np.vstack([seen, unseen])


def _post_values(network: Network, counts: Counts, rng: np.random.Generator) -> Floats:
    """(P, 11) in the catalogue's order."""
    views, likes, topics = counts.post_views, counts.post_likes, network.topic_rows
    of_topic = np.bincount(topics, likes) / np.maximum(np.bincount(topics, views), 1)
    rate = _rate(likes, views, of_topic[topics])
    recent, decayed = _jittered(rate, rng), _jittered(rate, rng)
    words = network.posts["text"].str.split(" ").list.len().to_numpy()
    age = rng.exponential(45, len(views)).clip(1, 90).astype(np.int64)
    columns: list[NDArray[Any]] = [
        views,
        likes,
        rate,
        rng.poisson(views * 7 / 90),
        recent,
        recent / rate,
        decayed,
        age,
        words,
    ]
    return np.column_stack([*columns, of_topic[topics], topics]).astype(np.float32)


def _space(network: Network, settings: Settings, rng: np.random.Generator) -> TextSpace:
    """Posts of one topic lie together."""
    features = settings.features
    middles = rng.standard_normal((len(network.topics), features.text_dims), dtype=np.float32)
    around = rng.standard_normal((len(network.posts), features.text_dims), dtype=np.float32)
    vectors = _unit(0.7 * middles[network.topic_rows] + around)
    centres = _unit(rng.standard_normal((features.text_clusters, features.text_dims), dtype=np.float32))
    distances = np.sqrt(np.maximum(2 - 2 * vectors @ centres.T, 0))
    return TextSpace(vectors, np.ascontiguousarray(vectors[:, : features.text_components]), distances)


def _factors(network: Network, settings: Settings, rng: np.random.Generator) -> FactorModel:
    """The prior carries the like rate, factors and quality say by how much a post differs."""
    width, described = settings.features.factors, 1 + len(network.topics) + settings.features.text_dims
    spread = TASTE / np.sqrt(width)

    def drawn(*shape: int) -> Floats:
        return rng.standard_normal(shape, dtype=np.float32)

    return FactorModel(
        post_ids=network.post_ids,
        quality=QUALITY * drawn(len(network.posts)),
        factors=np.float32(spread) * drawn(len(network.posts), width),
        loadings=np.float32(spread / 2) * drawn(described, width),
        mean_quality=np.zeros(1, np.float32),
        spread=np.diag(np.full(1 + width, spread**2, np.float32)),
        profile_weight=np.ones(1, np.float32),
    )


def _fit_ranker(state: ServingState, arm: str, settings: Settings, rng: np.random.Generator) -> Any:
    """Train on drawn views whose likes follow the base score, and a little of what trees are there for."""
    users = np.sort(rng.permutation(len(state.user_ids))[:RANKER_USERS])
    user_rows = np.repeat(users, RANKER_POSTS)
    post_rows = rng.integers(0, len(state.post_ids), len(user_rows))
    near = NeighbourScores.of(state.neighbours, *state.audience(arm, users).likes, len(users))
    pairs = np.repeat(np.arange(len(users)), RANKER_POSTS) * len(state.post_ids) + post_rows
    of_posts = state.post_factors[arm]
    parts = [
        of_posts.profile_weight * state.users.prior[user_rows, state.posts.topic_rows[post_rows]],
        of_posts.quality[post_rows],
        np.einsum("nk,nk->n", state.user_factors[arm][user_rows], of_posts.factors[post_rows]),
    ]
    hours, weekdays = (rng.integers(low, high, len(user_rows)).astype(np.float32) for low, high in ((0, 24), (1, 8)))
    matrix = rows_matrix(
        state.layout,
        state.users,
        arm,
        user_rows,
        state.posts,
        post_rows,
        state.spaces[arm],
        np.column_stack(parts),
        hours,
        weekdays,
        near.at(pairs),
    )
    base, names = base_scores(state.layout, matrix), state.layout.names
    extra = 0.2 * np.cos(hours / 24 * 2 * np.pi) + 0.3 * (matrix[:, names.index("post_trend")] - 1)
    extra += 0.3 * matrix[:, names.index("pair_liked_similarity")]
    liked = rng.random(len(base)) < 1 / (1 + np.exp(-base - extra))
    # no newest days to choose by: for what was drawn twenty trees would do, where a network's rankers have a hundred
    newest = np.zeros(len(base), np.bool_)
    return fit_ranker(matrix, liked, names, base, newest, settings.ranking, settings.threads)


def _with_unseen(array: Floats, value: float) -> Floats:
    padded: Floats = np.pad(array, ((0, 1), (0, 0)), constant_values=value)
    return padded


def _unit(array: Floats) -> Floats:
    lengths = np.linalg.norm(array, axis=1, keepdims=True)
    unit: Floats = (array / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit


def _share(counts: Counts) -> float:
    return float(counts.post_likes.sum() / max(counts.post_views.sum(), 1))


def _rate(likes: Floats, views: Floats, towards: Any) -> Floats:
    rate: Floats = ((likes + AS_SMOOTH * towards) / (views + AS_SMOOTH)).astype(np.float32)
    return rate


def _jittered(rate: Floats, rng: np.random.Generator) -> Floats:
    return (rate * rng.lognormal(0, 0.2, len(rate))).astype(np.float32)
