"""The prior finds which profiles like which topics, and knows nothing where nobody has liked anything."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import SnapshotDamaged
from features.known_views import Floats
from features.profile_prior import FOLDER, ProfilePrior

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
    return ProfilePrior.fit(profiles(), views, rng.binomial(40, chance).astype(np.float32), threads=1)


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
    prior.save(tmp_path / "first")
    fitted().save(tmp_path / "second")
    first, second = (sorted((tmp_path / name / FOLDER).iterdir()) for name in ("first", "second"))
    assert len(first) == 1 + len(TOPICS)
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    loaded = ProfilePrior.load(tmp_path / "first").log_odds(profiles(), TOPICS)
    assert loaded.tobytes() == prior.log_odds(profiles(), TOPICS).tobytes()
    (tmp_path / "second" / FOLDER / "topic_1.cbm").write_bytes(b"CBM1 but not really")
    with pytest.raises(SnapshotDamaged, match=r"topic_1\.cbm"):
        ProfilePrior.load(tmp_path / "second")


def test_where_nobody_has_liked_a_topic_all_profiles_are_told_its_rate(tmp_path: Path) -> None:
    views, likes = np.full((USERS, 3), 5, np.float32), np.zeros((USERS, 3), np.float32)
    likes[::10, SPORT] = 1
    prior = ProfilePrior.fit(profiles(), views, likes, threads=1)
    assert list(prior.models) == [SPORT]
    prior.save(tmp_path)
    for one in (prior, ProfilePrior.load(tmp_path)):
        of_others = one.log_odds(profiles(), TOPICS)[:, [0, 2]]
        assert (of_others == of_others[0, 0]).all()
        assert chance_of(of_others[0, 0]) < 0.001


def test_profiles_that_say_nothing_leave_the_rate_of_a_topic() -> None:
    views, likes = np.full((USERS, 3), 5, np.float32), np.ones((USERS, 3), np.float32)
    for nothing in (np.empty((USERS, 0), np.float32), np.full((USERS, 2), np.nan, np.float32)):
        prior = ProfilePrior.fit(nothing, views, likes, threads=1)
        assert prior.learned
        np.testing.assert_allclose(chance_of(prior.log_odds(nothing[:1], TOPICS)), 0.2, atol=1e-3)
