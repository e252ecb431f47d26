"""What users like and posts mean: affinity to topics, in part explained by the profile, and shares of themes."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulation.lexicon_topics import TOPIC_NAMES
from simulation.people import CAPITALS

# How a profile leans to a topic, in arbitrary units: only the proportions within a row count.
_TRAITS = ("male", "age", "male·age", "capital", "abroad", "ios", "ads")
_LEANINGS: dict[str, tuple[float, ...]] = {
    "business": (0.4, 0.5, 0.5, 0.6, 0.5, 0.5, -0.2),
    "covid": (-0.5, 0.9, -0.3, -0.3, 0.6, -0.2, 0.3),
    "entertainment": (-0.8, -0.7, 0.3, 0.1, -0.4, 0.2, 0.3),
    "movie": (-0.3, -0.4, -0.6, 0.2, 0.3, 0.1, -0.4),
    "politics": (0.3, 0.9, 0.3, 0.4, -0.8, -0.3, -0.2),
    "sport": (0.9, -0.1, -0.5, -0.4, 0.2, -0.2, 0.3),
    "tech": (0.7, -0.6, 0.4, 0.4, 0.3, 0.3, -0.4),
}
# UTC hour at which a topic is liked most
_PEAK_HOURS: dict[str, int] = {
    "business": 8, "covid": 6, "entertainment": 17, "movie": 19, "politics": 5, "sport": 15, "tech": 11,
}  # fmt: skip


def topic_affinity(rng: np.random.Generator, people: pl.DataFrame, profile_share: float) -> NDArray[np.float32]:
    """How much each user likes each topic, every topic with mean 0 and variance 1 over users. (U, topics)

    A share `profile_share` of the variance follows from the profile by `_LEANINGS`, the rest is personal.
    """
    male = people["gender"].to_numpy() * 2.0 - 1
    age = _standardise(np.log(people["age"].to_numpy()))
    traits = np.stack(
        [
            male,
            age,
            male * age,
            people["city"].is_in(CAPITALS).to_numpy(),
            (people["country"] != "Russia").to_numpy(),
            (people["os"] == "iOS").to_numpy(),
            (people["source"] == "ads").to_numpy(),
        ],
        axis=1,
    ).astype(np.float64)  # (U, traits)
    leanings = np.array([_LEANINGS[topic] for topic in TOPIC_NAMES])  # (topics, traits)
    explained = _standardise(_standardise(traits) @ leanings.T)
    personal = rng.standard_normal((len(people), len(TOPIC_NAMES)))
    affinity: NDArray[np.float64] = np.sqrt(profile_share) * explained + np.sqrt(1 - profile_share) * personal
    return affinity.astype(np.float32)


def meaning_of(mentions: NDArray[np.int64]) -> NDArray[np.float32]:
    """Latent meaning of posts: the shares of themes in the text, centred and scaled. (P, themes)

    Scaled by `sqrt(trace(covariance))`, so that its product with a taste drawn from N(0, I) has variance 1 over posts
    and users.
    """
    shares = mentions / mentions.sum(axis=1, keepdims=True)
    centred = shares - shares.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=1).mean())
    meaning: NDArray[np.float64] = centred / (spread or 1.0)
    return meaning.astype(np.float32)


def hour_effect(strength: float) -> NDArray[np.float32]:
    """A daily wave for each topic with standard deviation `strength` over the hours. (24, topics)"""
    peaks = np.array([_PEAK_HOURS[topic] for topic in TOPIC_NAMES])
    phase = 2 * np.pi * (np.arange(24)[:, None] - peaks) / 24
    wave: NDArray[np.float64] = strength * np.sqrt(2) * np.cos(phase)
    return wave.astype(np.float32)


def _standardise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean 0 and variance 1 over the rows; a constant column, as in a world of one user, becomes 0."""
    centred: NDArray[np.float64] = values - values.mean(axis=0)
    spread: NDArray[np.float64] = centred.std(axis=0)
    return centred / np.where(spread > 0, spread, 1.0)
