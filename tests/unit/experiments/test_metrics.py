import numpy as np
import pytest

from experiments.metrics import METRICS, effect, figure
from experiments.statistics.effects import mean_effect, ratio_effect
from experiments.statistics.moments import Moments


def arm(seed: int) -> Moments:
    rng = np.random.default_rng(seed)
    answers = 1 + rng.poisson(3, 200)
    shown = 5 * answers
    liked, hits = rng.binomial(shown, 0.1), rng.binomial(answers, 0.4)
    columns = {"answers": answers, "shown": shown, "liked": liked, "hits": hits, "hit": hits > 0}
    return Moments.from_columns(columns | {"likes": liked + rng.poisson(1, 200), "pre_likes": rng.poisson(liked)})


def test_a_like_rate_is_likes_by_shown_posts_less_the_past():
    control, test = arm(0), arm(1)
    ours = effect(METRICS["like_rate"], control, test, level=0.9)
    assert ours == ratio_effect(control, test, "liked", "shown", "pre_likes", level=0.9)
    assert figure(METRICS["like_rate"], control).value == control.mean["liked"] / control.mean["shown"]


def test_a_hitrate_is_of_recommendations_and_has_its_share_of_users():
    control, test = arm(0), arm(1)
    assert figure(METRICS["hitrate"], control).value == control.mean["hits"] / control.mean["answers"]
    assert effect(METRICS["users_with_hit"], control, test) == mean_effect(control, test, "hit", "pre_likes")


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_named_as_it_is_found_and_has_an_effect(name):
    metric = METRICS[name]
    assert metric.name == name
    assert effect(metric, arm(0), arm(1)).reason is None
