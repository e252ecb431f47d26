import pytest

from features.catalog import REASONS, Layout, reason_of

LAYOUT = Layout(("age", "topic", "post_views_7d"))


def test_every_feature_has_a_reason_and_every_reason_a_feature() -> None:
    catalog = LAYOUT.catalog()
    assert set(catalog["reason"]) == {*REASONS.values()}
    assert catalog["name"].to_list() == LAYOUT.names


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("profile_post_views_7d", "people like you (profile)"),  # whatever the network calls its columns
        ("post_views", "how well the post is liked"),
        ("post_views_7d", "popular this week"),
        ("pair_topic_views", "your taste in {topic}"),
        ("base_taste", "like posts you liked"),
        ("topic", "how well {topic} is liked"),
    ],
)
def test_the_longest_beginning_of_a_name_decides(name: str, reason: str) -> None:
    assert reason_of(name) == reason


def test_a_feature_without_a_reason_is_an_error() -> None:
    with pytest.raises(KeyError, match="weather"):
        reason_of("weather")
