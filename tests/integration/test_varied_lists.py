"""`ranking.diversity` in the recommender: what is shown may change, never what may be shown."""

from datetime import datetime

import numpy as np
import pytest
from litestar.testing import TestClient

from api.app import create_app
from core.columns import ARMS
from core.settings import RankingSettings, Settings
from ranking.diversity import intra_list_distance
from ranking.recommender import Recommender
from warehouse.snapshots import current

NOON = datetime(2021, 12, 12, 12)
LIMIT = 10


def lists(published: Settings, arm: str, diversity: float) -> tuple[Recommender, np.ndarray, np.ndarray]:
    recommender = Recommender.open(current(published).folder, ranking=RankingSettings(diversity=diversity))
    users = np.arange(-1, len(recommender.state.user_ids))
    return recommender, users, recommender.rank(arm, users, NOON, LIMIT)[0]


@pytest.mark.parametrize("arm", ARMS)
def test_varied_lists_keep_the_best_post_and_the_rules(published: Settings, arm: str) -> None:
    recommender, users, plain = lists(published, arm, 0.0)
    _, _, varied = lists(published, arm, 0.4)
    assert np.array_equal(varied[:, 0], plain[:, 0])
    assert not np.array_equal(varied, plain)
    assert not np.take_along_axis(recommender.already_liked(users), varied, axis=1).any()
    assert all(len(set(row)) == LIMIT for row in varied.tolist())
    vectors = recommender.state.spaces[arm].vectors
    assert intra_list_distance(varied, vectors).mean() > intra_list_distance(plain, vectors).mean()


@pytest.mark.parametrize("arm", ARMS)
def test_scores_stay_those_of_their_posts(published: Settings, arm: str) -> None:
    recommender = Recommender.open(current(published).folder, ranking=RankingSettings(diversity=0.4))
    users = np.arange(20)
    posts, scores, *_ = recommender.rank(arm, users, NOON, LIMIT)
    assert np.array_equal(scores, np.take_along_axis(recommender.score(arm, users, NOON), posts, axis=1))


@pytest.mark.parametrize("diversity", [0.0, 0.4])
def test_the_service_shows_what_the_batch_ranks(published: Settings, diversity: float) -> None:
    varied = published.model_copy(update={"ranking": published.ranking.model_copy(update={"diversity": diversity})})
    with TestClient(create_app(varied)) as client:
        for user_id in (1, 2, 3, 60):
            parameters = {"id": user_id, "time": NOON.isoformat(), "limit": LIMIT}
            answer = client.get("/post/recommendations/", params=parameters).json()
            recommender, users, expected = lists(published, answer["exp_group"], diversity)
            place = list(recommender.state.user_ids[users[1:]]).index(user_id) + 1
            shown = [post["id"] for post in answer["recommendations"]]
            assert shown == recommender.state.post_ids[expected[place]].tolist()
