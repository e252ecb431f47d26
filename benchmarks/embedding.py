"""What does our way of embedding posts save over a plain transformers loop?

Both embed the same posts in turns: the loop takes them in the order of arrival, 32 at a time, padded to the longest, in
float32; ours is `embed_texts` as a first run calls it, the model's loading and the writing of the cache included. On a
shared machine single turns vary, so each ratio is of two turns that ran one after the other, and the median counts.
"""

import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import duckdb
import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from benchmarks.report import Row, report
from core.settings import FeatureSettings
from features.text_transformer import embed_texts, find_model

POSTS = 400
TURNS = 3
BATCH = 32
SETTINGS = FeatureSettings()

Embed: TypeAlias = Callable[[list[str]], NDArray[np.float32]]


def sample() -> list[str]:
    """Real posts where there are some, else made-up ones of mixed lengths."""
    file = Path(__file__).parents[2] / "shared" / "data" / "posts.parquet"
    if file.exists():
        return pl.read_parquet(file)["text"].sample(POSTS, shuffle=True, seed=0).to_list()
    rng = np.random.default_rng(0)
    words = [
        f"{stem}{ending}" for stem in ("market", "play", "film", "cod", "vot") for ending in ("s", "ed", "er", "ing")
    ]
    return [" ".join(rng.choice(words, int(length))) for length in rng.lognormal(4.5, 1.0, POSTS).clip(5, 2000)]


def plain_loop() -> Embed:
    """What one writes in ten lines, its model already loaded."""
    folder = find_model(SETTINGS).folder
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()

    def embed(texts: list[str]) -> NDArray[np.float32]:
        vectors = []
        for start in range(0, len(texts), BATCH):
            tokens = tokenizer(
                texts[start : start + BATCH],
                padding=True,
                truncation=True,
                max_length=SETTINGS.transformer_max_tokens,
                return_tensors="pt",
            )
            with torch.inference_mode():
                layers, mask = (
                    model(**tokens, output_hidden_states=True).hidden_states,
                    tokens["attention_mask"].unsqueeze(-1),
                )
            vectors.append(torch.nn.functional.normalize((sum(layers) * mask).sum(1) / mask.sum(1), dim=1))
        return np.asarray(torch.cat(vectors))

    return embed


def ours(texts: list[str]) -> NDArray[np.float32]:
    """A first run, nothing cached."""
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA features")
        con.execute("CREATE TABLE features.text_embeddings(model VARCHAR, text_hash VARCHAR, vector FLOAT[])")
        return embed_texts(con, texts, [sha256(text.encode()).hexdigest() for text in texts], SETTINGS)


def timed(embed: Embed, texts: list[str]) -> tuple[float, NDArray[np.float32]]:
    """Posts per second, and the vectors."""
    start = time.perf_counter()
    vectors = embed(texts)
    return len(texts) / (time.perf_counter() - start), vectors


def main() -> bool:
    """Run the turns; True when both bounds hold."""
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    texts, plain = sample(), plain_loop()
    for warm_up in (plain, ours):
        warm_up(texts[:BATCH])
    turns = [(timed(plain, texts), timed(ours, texts)) for _ in range(TURNS)]
    speeds = np.array([[speed for speed, _ in turn] for turn in turns])
    cosines = [(theirs * mine).sum(axis=1).min() for (_, theirs), (_, mine) in turns]
    return report(
        "embedding",
        [
            Row("plain loop, arrival order", float(np.median(speeds[:, 0])), "posts/s"),
            Row("embed_texts", float(np.median(speeds[:, 1])), "posts/s"),
            Row("speed-up", float(np.median(speeds[:, 1] / speeds[:, 0])), "times", ">= 1.5"),
            Row("least cosine to the plain loop", float(min(cosines)), "", ">= 0.999"),
        ],
    )


if __name__ == "__main__":
    sys.exit(not main())
