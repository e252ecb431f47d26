"""The nightly lists are those that requests get, and no list depends on who else is in its partition."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.columns import ARMS
from core.hashing import partition_of
from core.settings import RankingSettings, Settings
from features.array_files import Arrays, mapped
from ranking.batch import Partition, forget_recommender, make_partition, save_wanted
from ranking.recommender import Recommender
from warehouse.snapshots import current

FEW = RankingSettings(candidates_per_source=12, exhaustive_up_to=0, recommendations_per_user=10)
EVERY_POST = RankingSettings(candidates_per_source=0)
LONG = RankingSettings(candidates_per_source=3, exhaustive_up_to=0, recommendations_per_user=20, explore=0.5)


def made(settings: Settings, folder: Path, ranking: RankingSettings, parts: int) -> list[Arrays]:
    everything = Partition(current(settings).folder, folder / "part", 0, parts, ranking, None)
    files = [make_partition(replace(everything, number=i, file=folder / f"{parts}-{i}")) for i in range(parts)]
    forget_recommender()
    return [mapped(file)[0] for file in files]


@pytest.mark.parametrize("ranking", [FEW, EVERY_POST, LONG])
def test_lists_are_those_that_a_request_at_noon_gets(
    published: Settings, tmp_path: Path, ranking: RankingSettings
) -> None:
    [part] = made(published, tmp_path, ranking, parts=1)
    recommender = Recommender.open(current(published).folder, ranking=ranking)
    state, limit = recommender.state, ranking.recommendations_per_user
    noon = datetime.combine(state.cut, time()) + timedelta(hours=12)
    assert part["rows"].tolist() == list(range(len(state.user_ids) + 1))
    for arm in ARMS:
        for row, user in enumerate(state.user_ids.tolist()):
            one = recommender.recommend(arm, user, noon, limit)
            shown = part[f"{arm}_posts"][row] >= 0
            assert state.post_ids[part[f"{arm}_posts"][row][shown]].tolist() == one.post_ids.tolist()
            np.testing.assert_allclose(part[f"{arm}_scores"][row][shown], one.scores, rtol=1e-5)
            np.testing.assert_allclose(part[f"{arm}_propensities"][row][shown], one.propensities)


@pytest.mark.parametrize("ranking", [FEW, EVERY_POST, LONG])
def test_no_bit_depends_on_how_users_are_divided(published: Settings, tmp_path: Path, ranking: RankingSettings) -> None:
    [together] = made(published, tmp_path, ranking, parts=1)
    parts = made(published, tmp_path, ranking, parts=5)
    assert all(0 < len(part["rows"]) < 40 for part in parts)
    order = np.argsort(np.concatenate([part["rows"] for part in parts]))
    for name in together.keys() - {f"{arm}_candidates" for arm in ARMS}:
        apart = np.concatenate([part[name] for part in parts])[order]
        np.testing.assert_array_equal(apart, together[name], err_msg=name)
    for arm in ARMS:
        whole = np.split(together[f"{arm}_candidates"], np.cumsum(together[f"{arm}_counts"])[:-1])
        for part in parts:
            mine = np.split(part[f"{arm}_candidates"], np.cumsum(part[f"{arm}_counts"])[:-1])
            for row, candidates in zip(part["rows"].tolist(), mine, strict=True):
                assert candidates.tolist() == whole[row].tolist()


def test_only_users_that_are_wanted_are_made(published: Settings, tmp_path: Path) -> None:
    save_wanted(np.array([3, 4, 60]), tmp_path / "wanted")
    part = Partition(current(published).folder, tmp_path / "part", 0, 1, FEW, tmp_path / "wanted")
    assert mapped(make_partition(part))[0]["rows"].tolist() == [3, 4, 60]
    forget_recommender()


def test_a_user_stays_in_its_partition_whoever_comes() -> None:
    ids = np.arange(10_000)
    assert np.bincount(partition_of(ids, 8)).min() > 1_100
    np.testing.assert_array_equal(partition_of(ids[::3], 8), partition_of(ids, 8)[::3])
