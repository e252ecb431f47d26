from pathlib import Path

import numpy as np

from core.settings import FeatureSettings
from features.text_neural import NeuralEncoder

SMALL = FeatureSettings(text_dims=8, text_components=3, text_clusters=4)


def test_a_stored_encoder_places_new_embeddings_with_the_same_bits(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    known, new = (rng.standard_normal((count, 12)).astype(np.float32) for count in (40, 7))
    new[3] = 0
    present = new.any(axis=1)
    encoder = NeuralEncoder.fit(known, SMALL)
    encoder.save(tmp_path)
    space, stored = (one.transform(new, present) for one in (encoder, NeuralEncoder.load(tmp_path)))
    assert np.isnan(space.components).all(axis=1).tolist() == [False, False, False, True, False, False, False]
    for name, array in vars(space).items():
        assert array.tobytes() == getattr(stored, name).tobytes()
