from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.settings import FeatureSettings
from features.text_classical import ClassicalEncoder, words

SMALL = FeatureSettings(text_dims=6, text_components=3, text_clusters=4)
SPORT = ["the striker scored a late goal", "a goal won the match", "the match ended after a late goal"]
TECH = ["the processor runs this code", "new code for the processor", "a laptop with a fast processor"]

ANY_TEXT = st.one_of(
    st.text(max_size=40), st.sampled_from(["", " \n", "😀👍🏽", "a", "\x00", "東京都", "हिन्दी भाषा", "the cat"])
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Größe XL, don't!", ["größe", "xl", "don"]),
        ("ПРИВЕТ мир 2024", ["привет", "мир", "2024"]),
        ("हिन्दी भाषा है।", ["हिन्दी", "भाषा", "है"]),  # vowel signs stay with their word
        ("東京都", ["東京", "京都"]),
        ("cafe\u0301", ["cafe\u0301"]),
        ("a 😀 !", []),
    ],
)
def test_words_of_any_language(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_posts_of_one_subject_lie_together() -> None:
    vectors = ClassicalEncoder.fit(SPORT + TECH, SMALL).transform(SPORT + TECH).vectors
    cosine = vectors @ vectors.T
    assert cosine[:3, :3].min() > cosine[:3, 3:].max()


def test_words_of_one_text_and_of_half_the_texts_are_left_out_once_there_are_enough() -> None:
    texts = [f"the topic{i % 9} only{i}" for i in range(200)]
    assert ClassicalEncoder.fit(texts, SMALL).terms == [f"topic{i}" for i in range(9)]
    assert "the" in ClassicalEncoder.fit(texts[:20], SMALL).terms


def test_many_texts_that_pruning_would_leave_without_a_word_keep_their_words() -> None:
    assert ClassicalEncoder.fit(["same words"] * 150, SMALL).terms == ["same", "words"]


def test_a_text_without_a_known_word_is_as_one_without_text() -> None:
    space = ClassicalEncoder.fit(SPORT, SMALL).transform(["goal", "quaternion", ""])
    assert np.isnan(space.components).any(axis=1).tolist() == [False, True, True]
    assert not space.vectors[1:].any()


@pytest.mark.parametrize("texts", [[], [""], ["", "?!", "😀"]])
def test_nothing_to_learn_from_works(texts: list[str], tmp_path: Path) -> None:
    ClassicalEncoder.fit(texts, SMALL).save(tmp_path)
    space = ClassicalEncoder.load(tmp_path).transform([*texts, "goal"])
    assert space.vectors.shape == (len(texts) + 1, 6)
    assert np.isnan(space.distances).all()


def test_a_stored_encoder_gives_the_same_bits_and_the_same_files(tmp_path: Path) -> None:
    texts = [*SPORT, *TECH, "東京都", "", "naïve größe"]
    ClassicalEncoder.fit(texts, SMALL).save(tmp_path / "one")
    encoder = ClassicalEncoder.fit(texts, SMALL)
    encoder.save(tmp_path / "two")
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()
    stored = ClassicalEncoder.load(tmp_path / "one").transform(texts)
    for name, array in vars(encoder.transform(texts)).items():
        assert array.tobytes() == getattr(stored, name).tobytes()


@settings(max_examples=60, deadline=None)
@given(known=st.lists(ANY_TEXT, max_size=12), new=st.lists(ANY_TEXT, max_size=5))
def test_any_texts_can_be_learnt_from_and_placed(known: list[str], new: list[str]) -> None:
    space = ClassicalEncoder.fit(known, SMALL).transform(known + new)
    lengths = np.linalg.norm(space.vectors, axis=1)
    assert (np.isclose(lengths, 1, atol=1e-4) | (lengths == 0)).all()
    without = np.isnan(space.components).any(axis=1)
    assert without[[not text.strip() for text in known + new]].all()
    assert not space.vectors[without].any()
    assert (np.isnan(space.distances).all(axis=1) == without).all()
