"""A made-up network whose true like-probabilities are known: the way in to the simulation."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.columns import POST_ID, TEXT, TOPIC, USER_ID
from simulation.draws import Stream, arrivals, ids_with_gaps, stream
from simulation.feed import draw_feed, times_of_day
from simulation.lexicon_themes import THEME_NAMES
from simulation.lexicon_topics import TOPIC_NAMES
from simulation.people import draw_people
from simulation.settings import WorldSettings
from simulation.tastes import hour_effect, meaning_of, topic_affinity
from simulation.truth import Truth
from simulation.writing import FEWEST_MENTIONS, MOST_MENTIONS, write_posts

_TOPIC_SHARES: dict[str, float] = {
    "business": 0.13, "covid": 0.18, "entertainment": 0.10, "movie": 0.22, "politics": 0.12, "sport": 0.14,
    "tech": 0.11,
}  # fmt: skip
_THEME_CONCENTRATION = 0.1  # Dirichlet; small, so that most posts hold two or three themes
_CALIBRATION_VIEWS = 100_000


@dataclass(frozen=True, eq=False)
class World:
    """A simulated network. Only what a real one stores is in its frames; the rest is in `truth`.

    users: user_id, gender, age, country, city, exp_group, os, source; posts: post_id, text, topic; both by id.
    """

    settings: WorldSettings
    users: pl.DataFrame
    posts: pl.DataFrame
    truth: Truth

    def daily_events(self) -> Iterator[pl.DataFrame]:
        """Events a day at a time, for worlds that do not fit in memory; see `simulation.feed.draw_feed` for columns."""
        return draw_feed(self.settings, self.truth)

    @cached_property
    def events(self) -> pl.DataFrame:
        """All events in order of time."""
        return pl.concat(self.daily_events())


def simulate(settings: WorldSettings) -> World:
    """Draw a network: users, posts and the truth about likes. Events are drawn when they are asked for."""
    users_rng = stream(settings.seed, Stream.USERS)
    user_ids = ids_with_gaps(users_rng, settings.users)
    joined_at = arrivals(users_rng, settings.users, settings.late_users, settings)
    people = draw_people(users_rng, settings.users)

    posts_rng = stream(settings.seed, Stream.POSTS)
    post_ids = ids_with_gaps(posts_rng, settings.posts)
    published_at = arrivals(posts_rng, settings.posts, settings.late_posts, settings)
    unseen = round(settings.posts * settings.unseen_posts)
    published_at[settings.posts - unseen :] = settings.end
    topic = posts_rng.choice(len(TOPIC_NAMES), settings.posts, p=[_TOPIC_SHARES[name] for name in TOPIC_NAMES])
    quality = posts_rng.standard_normal(settings.posts) * settings.quality_strength
    themes = posts_rng.dirichlet(np.full(len(THEME_NAMES), _THEME_CONCENTRATION), settings.posts)
    mentions = posts_rng.multinomial(
        posts_rng.integers(FEWEST_MENTIONS, MOST_MENTIONS, settings.posts, endpoint=True), themes
    )  # (P, themes)

    taste_rng = stream(settings.seed, Stream.USER_TASTE)
    affinity = topic_affinity(taste_rng, people, settings.profile_share) * np.float32(settings.topic_strength)
    user_bias = taste_rng.standard_normal(settings.users) * settings.user_strength
    tastes = taste_rng.standard_normal((2, settings.users, len(THEME_NAMES))) * settings.text_strength
    taste_start, taste_end = tastes.astype(np.float32)

    truth = Truth(
        bias=0.0,
        turn_per_day=settings.drift * np.pi / 2 / settings.days,
        starts_at=settings.start,
        hour_effect=hour_effect(settings.hour_strength),
        user_ids=user_ids,
        joined_at=joined_at,
        daily_views=_daily_views(settings, joined_at),
        user_bias=user_bias.astype(np.float32),
        affinity=affinity,
        taste_start=taste_start,
        taste_end=taste_end,
        post_ids=post_ids,
        published_at=published_at,
        topic=topic,
        meaning=meaning_of(mentions),
        quality=quality.astype(np.float32),
        weekly=_weekly(settings),
    )
    texts = write_posts(stream(settings.seed, Stream.TEXTS), topic, mentions)
    return World(
        settings=settings,
        users=people.insert_column(0, pl.Series(USER_ID, user_ids)),
        posts=pl.DataFrame({POST_ID: post_ids, TEXT: texts, TOPIC: np.array(TOPIC_NAMES)[topic]}),
        truth=replace(truth, bias=_calibrated_bias(settings, truth)),
    )


def _weekly(settings: WorldSettings) -> NDArray[np.float32]:
    """How much better than usual each post does in each week, to the end of the week after the last. (weeks, P)"""
    rng = stream(settings.seed, Stream.WEEKLY)
    drawn = rng.standard_normal((settings.days // 7 + 2, settings.posts), dtype=np.float32)
    return drawn * np.float32(settings.weekly_strength)


def _daily_views(settings: WorldSettings, joined_at: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Heavy-tailed activity, scaled so that views and likes of the whole period add up to `settings.events`. (U,)"""
    activity = stream(settings.seed, Stream.USER_ACTIVITY).lognormal(0, settings.activity_spread, settings.users)
    days = (settings.end - joined_at) / np.timedelta64(1, "D")
    return activity * (settings.events / (1 + settings.like_rate) / (activity @ days))


def _calibrated_bias(settings: WorldSettings, truth: Truth) -> float:
    """The bias with which the wanted share of a large sample of views is liked, found by bisection."""
    rng = stream(settings.seed, Stream.CALIBRATION)
    stay = settings.end - truth.joined_at  # (U,)
    views = truth.daily_views * stay.astype(np.float64)
    user = rng.choice(settings.users, _CALIBRATION_VIEWS, p=views / views.sum())
    since_joining = (rng.random(len(user)) * stay[user].astype(np.float64)).astype("timedelta64[us]")
    time = (truth.joined_at[user] + since_joining).astype("datetime64[D]") + times_of_day(rng, len(user))
    existing = np.searchsorted(truth.published_at, time, side="right").clip(min=1)
    post = (rng.random(len(user)) * existing).astype(np.int64)
    low, high = -20.0, 20.0
    for _ in range(40):
        middle = (low + high) / 2
        rate = replace(truth, bias=middle).like_probability_of_views(user, post, time).mean(dtype=np.float64)
        low, high = (middle, high) if rate < settings.like_rate else (low, middle)
    return (low + high) / 2
