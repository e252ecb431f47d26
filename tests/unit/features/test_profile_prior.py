"""The prior finds which profiles like which topics, and knows nothing where nobody has liked anything."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import SnapshotDamaged
from features.known_views import Floats
from features.profile_prior import PRIOR_FILE, ProfilePrior

USERS = 400
TOPICS = np.arange(3, dtype=np.float32)
SPORT = 1


@pytest.fixture(scope="module")
def prior() -> ProfilePrior:
    """Users of at least 50 like 40 % of posts about sport, everybody else and everything else 10 %."""
    return fitted()


def fitted() -> ProfilePrior:
    rng = np.random.default_rng(3)
    chance = np.full((USERS, len(TOPICS)), 0.1)
    chance[profiles()[:, 0] >= 50, SPORT] = 0.4
    views = np.full(chance.shape, 40, np.float32)
    return ProfilePrior.fit(profiles(), TOPICS, views, rng.binomial(40, chance).astype(np.float32), threads=1)


def profiles() -> Floats:
    rng = np.random.default_rng(1)
    return np.column_stack([rng.integers(14, 80, USERS), rng.integers(0, 5, USERS)]).astype(np.float32)


def chance_of(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-log_odds))


def test_a_column_that_drives_likes_of_a_topic_is_found(prior: ProfilePrior) -> None:
    people = np.array([[70, 2], [20, 2]], np.float32)
    found = chance_of(prior.log_odds(people, TOPICS))
    np.testing.assert_allclose(found, [[0.1, 0.4, 0.1], [0.1, 0.1, 0.1]], atol=0.03)


def test_nobody_and_a_new_topic_are_something_between(prior: ProfilePrior) -> None:
    unknown = np.array([[np.nan, np.nan]], np.float32)
    found = chance_of(prior.log_odds(unknown, np.append(TOPICS, np.float32(np.nan))))
    assert found.shape == (1, 4)
    assert ((found > 0.05) & (found < 0.45)).all()


def test_a_saved_prior_says_the_same_and_a_second_fit_is_the_same_file(prior: ProfilePrior, tmp_path: Path) -> None:
    prior.save(tmp_path)
    written = (tmp_path / PRIOR_FILE).read_bytes()
    fitted().save(tmp_path)
    assert (tmp_path / PRIOR_FILE).read_bytes() == written
    loaded = ProfilePrior.load(tmp_path).log_odds(profiles(), TOPICS)
    assert loaded.tobytes() == prior.log_odds(profiles(), TOPICS).tobytes()
    (tmp_path / PRIOR_FILE).write_bytes(b"CBM1 but not really")
    with pytest.raises(SnapshotDamaged, match=PRIOR_FILE):
        ProfilePrior.load(tmp_path)


@pytest.mark.parametrize("likes", [0, 5], ids=["no like", "all liked"])
def test_where_all_views_end_alike_every_log_odds_is_zero(likes: int, tmp_path: Path) -> None:
    views = np.full((USERS, 3), 5, np.float32)
    prior = ProfilePrior.fit(profiles(), TOPICS, views, np.full_like(views, likes), threads=1)
    prior.save(tmp_path)
    for one in (prior, ProfilePrior.load(tmp_path)):
        assert not one.log_odds(profiles(), TOPICS).any()
