"""What features need that is learned and not counted: fitted once at training, then kept with the rankers.

A codebook, the profile's prior, a factor model for each arm and the posts' neighbours. They are fitted on what was
known before a cut and never change; what they say of users and posts moves on from there, see `features.factor_state`.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import duckdb
import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.columns import ARMS, USER_ID, VIEWS
from core.settings import FeatureSettings
from features.codebook import Codebook
from features.factor_fit import fit_factors
from features.factor_model import FactorModel, PostFactors, describe
from features.known_views import Floats, Views, views_before
from features.neighbours import Neighbours
from features.posts import Posts
from features.profile_prior import ProfilePrior
from features.some_users import Users, share_of_users
from features.text_space import TextSpace

NEIGHBOURS_FOLDER = "neighbours"
CODEBOOK_FILE, CUT_FILE = "codebook.json", "fitted_before.json"


@dataclass(frozen=True)
class Fitted:
    """Everything that was learned for features at one moment."""

    codebook: Codebook
    prior: ProfilePrior
    factors: Mapping[str, FactorModel]  # by arm
    neighbours: Neighbours
    cut: date  # it has seen what was known before

    def profiles(self, con: duckdb.DuckDBPyConnection, user_ids: NDArray[np.int64]) -> Floats:
        """Encoded profiles of users, see `encoded_profiles`."""
        return encoded_profiles(con, self.codebook, user_ids)

    def post_factors(self, posts: Posts, spaces: Mapping[str, TextSpace]) -> dict[str, PostFactors]:
        """What each arm's model knows of all posts, by arm."""
        return {
            arm: model.of_posts(posts.ids, describe_posts(self.codebook, posts, spaces[arm]))
            for arm, model in self.factors.items()
        }

    def save(self, folder: Path) -> None:
        """Write everything into a snapshot under construction."""
        self.codebook.save(folder / CODEBOOK_FILE)
        (folder / CUT_FILE).write_bytes(msgspec.json.encode(self.cut))
        self.prior.save(folder)
        self.neighbours.save(folder / NEIGHBOURS_FOLDER)
        for arm, model in self.factors.items():
            model.save(arm_folder(folder, arm))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(
            Codebook.load(folder / CODEBOOK_FILE),
            ProfilePrior.load(folder),
            {arm: FactorModel.load(arm_folder(folder, arm)) for arm in ARMS},
            Neighbours.load(folder / NEIGHBOURS_FOLDER),
            msgspec.json.decode((folder / CUT_FILE).read_bytes(), type=date),
        )


def fit_features(
    con: duckdb.DuckDBPyConnection,
    posts: Posts,
    spaces: Mapping[str, TextSpace],
    codebook: Codebook,
    cut: date,
    settings: FeatureSettings,
    threads: int,
) -> Fitted:
    """Learn from what was known before `cut`.

    Without views and likes, the models know nothing of users and posts.
    """
    frame = views_before(con, cut, settings.attribution_window, sampled_users(con, cut, settings))
    shown = np.isin(posts.ids, frame["post_id"].unique().to_numpy())
    views = Views.of(frame, posts.ids[shown])
    topic_rows = posts.topic_rows[shown]
    profiles, neighbours = encoded_profiles(con, codebook, views.user_ids), Neighbours.fit(con, cut)
    topic_codes = codebook.topic_codes(posts.topics)  # all known: those of views were there at training
    of_topic = topic_codes[topic_rows].astype(np.int64)
    seen, liked = (_by_user_and_topic(views, of_topic, len(codebook.topics), of) for of in (None, views.liked))
    prior = ProfilePrior.fit(profiles, seen, liked, threads)
    if not prior.learned:
        empty = FactorModel.empty(1 + len(codebook.topics) + settings.text_dims, settings.factors)
        return Fitted(codebook, prior, dict.fromkeys(spaces, empty), neighbours, cut)
    of_views = prior.log_odds(profiles, topic_codes)[views.user, topic_rows[views.post]]

    def fit(arm: str) -> FactorModel:
        described = describe_posts(codebook, posts, spaces[arm])[shown]
        return fit_factors(views, of_views, described, posts.ids[shown], settings.factors)

    # one thread an arm, and one thread for the sums of each, which are then made in one order on any machine
    with threadpool_limits(limits=1), ThreadPoolExecutor(min(threads, len(spaces))) as pool:
        factors = dict(zip(spaces, pool.map(fit, spaces), strict=True))
    return Fitted(codebook, prior, factors, neighbours, cut)


def encoded_profiles(con: duckdb.DuckDBPyConnection, codebook: Codebook, user_ids: NDArray[np.int64]) -> Floats:
    """Encode the profiles of users, one row each, NaN for one that the network does not know: (U, C)."""
    con.register("wanted_users", pl.DataFrame({"place": np.arange(len(user_ids)), USER_ID: user_ids}))
    users = con.sql(
        f"SELECT u.* FROM wanted_users AS w LEFT JOIN raw.users AS u USING ({USER_ID}) ORDER BY w.place"
    ).pl()
    con.unregister("wanted_users")
    return codebook.transform(users)


def describe_posts(codebook: Codebook, posts: Posts, space: TextSpace) -> Floats:
    """The x of all posts, see `features.factor_model`: (P, 1 + topics + dims)."""
    codes = codebook.topic_codes(posts.topics)[posts.topic_rows]
    return describe(codes, len(codebook.topics), space.vectors)


def sampled_users(con: duckdb.DuckDBPyConnection, cut: date, settings: FeatureSettings) -> Users:
    """Everybody, or a share of the users that has about `factor_rows` views before `cut`: users are taken whole."""
    found = con.execute(f"SELECT coalesce(sum({VIEWS}), 0) FROM features.user_day WHERE day < ?", [cut]).fetchone()
    assert found is not None
    return share_of_users(1000 * settings.factor_rows // max(1, int(found[0])), settings.seed)


def _by_user_and_topic(views: Views, of_post: NDArray[np.int64], topics: int, weights: Floats | None) -> Floats:
    cells = views.user * topics + of_post[views.post]
    total = np.bincount(cells, weights, minlength=len(views.user_ids) * topics)
    return total.reshape(len(views.user_ids), topics).astype(np.float32)


def arm_folder(folder: Path, arm: str) -> Path:
    """Where a snapshot keeps what was learned for one arm; made if need be."""
    place = folder / "encoders" / arm
    place.mkdir(parents=True, exist_ok=True)
    return place
