"""What an explanation says adds up to what the post was ranked by."""

import json
import sys
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.columns import ARMS
from core.settings import Settings
from features.catalog import REASONS
from feedrank import cli
from ranking.explain import explain
from ranking.recommender import Recommender
from ranking.sources import SOURCES
from warehouse.snapshots import current

NOON = datetime(2021, 12, 12, 12)
UNKNOWN_USER = -5


@pytest.fixture(scope="module")
def recommender(published: Settings) -> Recommender:
    return Recommender.open(current(published).folder)


@settings(deadline=None, max_examples=20)
@given(user_id=st.sampled_from([1, 2, 59, 60, UNKNOWN_USER]), arm=st.sampled_from(ARMS), hour=st.integers(0, 23))
def test_base_and_reasons_add_up_to_the_score(recommender: Recommender, user_id: int, arm: str, hour: int) -> None:
    when = NOON.replace(hour=hour)
    answer = recommender.recommend(arm, user_id, when, 10)
    explanations = explain(recommender, arm, user_id, when, answer)
    assert [one.score for one in explanations] == answer.scores.tolist()
    for one in explanations:
        raw = one.base + sum(reason.contribution for reason in one.reasons)
        assert 1 / (1 + np.exp(-raw)) == pytest.approx(one.score, abs=1e-6)
        assert len(one.reasons) == len({*REASONS.values()})
    assert len({one.base for one in explanations}) == 1
    assert len({str(one.reasons) for one in explanations}) > 1


@pytest.mark.parametrize("arm", ARMS)
def test_contributions_of_any_post_add_up_to_its_raw_score_with_the_base(recommender: Recommender, arm: str) -> None:
    state, posts = recommender.state, np.arange(len(recommender.state.post_ids))
    for user_id, row in ((1, 0), (59, 58), (UNKNOWN_USER, -1)):
        contributions = recommender.contributions(arm, recommender.audience(arm, user_id), NOON, posts)
        assert contributions.shape == (len(posts), len(state.layout.names) + 1)
        score = recommender.score(arm, np.array([row]), NOON)[0].astype(float)
        np.testing.assert_allclose(contributions.sum(axis=1), np.log(score / (1 - score)), atol=1e-4)
        assert np.ptp(contributions[:, -1]) < 1e-9, "what is said of all posts is the same for each"
        quality = contributions[:, state.layout.names.index("base_quality")]
        assert np.corrcoef(quality, state.post_factors[arm].quality)[0, 1] > 0.8


def test_explaining_does_not_disturb_the_next_answer(recommender: Recommender) -> None:
    before = recommender.recommend("test", 1, NOON, 10)
    explain(recommender, "test", 2, NOON.replace(hour=3), before)
    after = recommender.recommend("test", 1, NOON, 10)
    assert np.array_equal(before.post_ids, after.post_ids)
    assert np.array_equal(before.scores, after.scores)


def test_an_empty_answer_has_nothing_to_explain(recommender: Recommender) -> None:
    assert explain(recommender, "test", 1, NOON, recommender.recommend("test", 1, NOON, 0)) == []


def test_the_command_line_prints_reasons(
    published: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FEEDRANK_HOME", str(published.home))
    monkeypatch.setattr("feedrank.terminal.out.width", 250, raising=False)
    plain, explained = (_printed(capsys, monkeypatch, *options) for options in ((), ("--explain",)))
    assert "chance of a like" not in plain
    assert "chance of a like" in explained
    assert any(source in explained for source in SOURCES)
    assert "like posts you liked" in explained or "your taste in" in explained
    answer = json.loads(_printed(capsys, monkeypatch, "--explain", "--json"))
    assert (answer["user_id"], answer["known"], len(answer["recommendations"])) == (1, True, 5)
    assert answer["recommendations"][0]["explanation"]["source"] in explained


def _printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    monkeypatch.setattr(sys, "argv", ["feedrank", "recommend", "1", "--time", "2021-12-12T12:00:00", *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    return capsys.readouterr().out
