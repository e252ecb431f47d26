import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import duckdb
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel

from core.errors import SettingsError
from core.settings import FeatureSettings
from features import text_transformer
from features.text_transformer import embed_texts, find_model

CACHE = (
    "CREATE SCHEMA features; CREATE TABLE features.text_embeddings(model VARCHAR, text_hash VARCHAR, vector FLOAT[])"
)
PACKAGE = find_model(FeatureSettings()).folder


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(CACHE)
        yield con


@pytest.fixture
def tiny(tmp_path: Path) -> FeatureSettings:
    """A model of 16 random numbers a token, in a local folder: for all that does not depend on meaning."""
    return FeatureSettings(transformer_model=str(write_model(tmp_path / "tiny", seed=0)), transformer_batch_tokens=512)


def write_model(folder: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    config = BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    BertModel(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(PACKAGE / name, folder)
    return folder


def embed(
    con: duckdb.DuckDBPyConnection,
    texts: list[str],
    settings: FeatureSettings,
    seen: list[tuple[int, int]] | None = None,
) -> NDArray[np.float32]:
    hashes = [sha256(text.encode()).hexdigest() for text in texts]
    return embed_texts(con, texts, hashes, settings, None if seen is None else lambda *counts: seen.append(counts))


def cached(con: duckdb.DuckDBPyConnection) -> int:
    (count,) = con.execute("SELECT count(*) FROM features.text_embeddings").fetchall()[0]
    return int(count)


def plain_loop(texts: list[str], folder: Path) -> NDArray[np.float32]:
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder, dtype=torch.float32)
    tokens = tokenizer(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.inference_mode():
        layers, mask = model(**tokens, output_hidden_states=True).hidden_states, tokens["attention_mask"].unsqueeze(-1)
    return torch.nn.functional.normalize((sum(layers) * mask).sum(1) / mask.sum(1), dim=1).numpy()


def test_meaning_counts_not_words_and_the_vectors_are_those_of_a_plain_loop(con: duckdb.DuckDBPyConnection) -> None:
    texts = [
        "The film was a delight to watch.",
        "",
        "I enjoyed this movie very much.",
        "Shares of the oil company fell on Monday. " * 30,
    ]
    vectors = embed(con, texts, FeatureSettings())
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 1, 1], abs=1e-5)
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[3] + 0.3
    spoken = [0, 2, 3]
    assert (vectors[spoken] * plain_loop([texts[i] for i in spoken], PACKAGE)).sum(axis=1).min() >= 0.999


def test_half_precision_stays_close(con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["Rain is expected in the north.", "A new phone"]
    vectors = []
    for half in (False, True):
        monkeypatch.setattr(text_transformer, "_multiplies_bfloat16", lambda half=half: half)
        vectors.append(embed(con, texts, FeatureSettings()))
    assert cached(con) == 4  # neither passes for the other
    assert (vectors[0] * vectors[1]).sum(axis=1).min() >= 0.999


def test_only_new_texts_are_embedded_and_old_ones_come_back_to_the_bit(
    con: duckdb.DuckDBPyConnection, tiny: FeatureSettings
) -> None:
    first: list[tuple[int, int]] = []
    before = embed(con, ["one", "two", "one", " "], tiny, first)
    assert first == [(0, 2), (2, 2)]
    assert np.array_equal(before[0], before[2])
    assert not before[3].any()

    second: list[tuple[int, int]] = []
    after = embed(con, ["three and four", "two", "one"], tiny, second)
    assert second == [(0, 1), (1, 1)]
    assert after[1:].tobytes() == before[[1, 0]].tobytes()

    third: list[tuple[int, int]] = []
    again = embed(con, ["three and four", "one"], tiny, third)
    assert third == []
    assert again.tobytes() == after[[0, 2]].tobytes()
    assert cached(con) == 3


def test_a_text_has_the_same_vector_in_whatever_company(con: duckdb.DuckDBPyConnection, tiny: FeatureSettings) -> None:
    texts = [f"post {i} " + "word " * (i * 7 % 90) for i in range(60)]
    together = embed(con, texts, tiny)
    con.execute("DELETE FROM features.text_embeddings")
    assert np.stack([embed(con, [text], tiny)[0] for text in texts[::20]]) == pytest.approx(together[::20], abs=1e-5)


def test_a_run_that_ends_midway_keeps_its_chunks(
    con: duckdb.DuckDBPyConnection, tiny: FeatureSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_transformer, "_WINDOW", 500)
    texts = [f"post number {i}" for i in range(700)]
    hashes = [sha256(text.encode()).hexdigest() for text in texts]
    threads = torch.get_num_threads()

    def stop_after_one_chunk(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_texts(con, texts, hashes, tiny, stop_after_one_chunk)
    kept = cached(con)
    assert 0 < kept < 700
    assert torch.get_num_threads() == threads

    seen: list[tuple[int, int]] = []
    vectors = embed(con, texts, tiny, seen)
    assert seen[0] == (0, 700 - kept)
    assert seen[-1] == (700 - kept, 700 - kept)
    assert cached(con) == 700
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_cached_run_imports_no_torch(tmp_path: Path, tiny: FeatureSettings) -> None:
    with duckdb.connect(tmp_path / "warehouse.duckdb") as con:
        con.execute(CACHE)
        vectors = embed(con, ["one", "two"], tiny)
    program = f"""
import duckdb, sys
from core.settings import FeatureSettings
from features.text_transformer import embed_texts
con = duckdb.connect({str(tmp_path / "warehouse.duckdb")!r})
settings = FeatureSettings.model_validate_json({tiny.model_dump_json()!r})
hashes = [row[0] for row in con.execute("SELECT text_hash FROM features.text_embeddings").fetchall()]
print(embed_texts(con, ["one", "two"], hashes, settings, None).sum())
print([name for name in ("torch", "transformers", "tokenizers") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    total, imported = done.stdout.splitlines()
    assert float(total) == pytest.approx(vectors.sum(), abs=1e-3)
    assert imported == "[]"


def test_changed_weights_and_changed_limits_do_not_pass_for_the_old_model(
    con: duckdb.DuckDBPyConnection, tiny: FeatureSettings
) -> None:
    long = "one two three four five six seven eight nine"
    before = embed(con, [long], tiny)
    shorter = embed(con, [long], tiny.model_copy(update={"transformer_max_tokens": 8}))
    write_model(Path(tiny.transformer_model), seed=1)
    after = embed(con, [long], tiny)
    assert cached(con) == 3
    assert not np.allclose(before, shorter, atol=1e-3)
    assert not np.allclose(before, after, atol=1e-3)


def test_texts_of_any_size_and_kind_work(con: duckdb.DuckDBPyConnection, tiny: FeatureSettings) -> None:
    texts = ["word " * 200_000, "x" * 1_000_000, "😀👍🏽", "\u200b", "東京都 हिन्दी", "\x01\x7f"]
    vectors = embed(con, texts, tiny.model_copy(update={"transformer_max_tokens": 8192}))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert embed(con, [], tiny).shape == (0, 16)
    assert embed(con, ["", "\n"], tiny).tolist() == [[0] * 16] * 2


def test_a_batch_holds_no_more_tokens_than_its_budget_padding_included(tiny: FeatureSettings) -> None:
    encoder = text_transformer.Encoder(find_model(tiny), tiny)
    lengths = np.random.default_rng(0).integers(2, 600, 300)
    batches = list(encoder._batches(lengths))
    assert sorted(np.concatenate(batches)) == list(range(300))
    assert all(len(batch) * lengths[batch].max() <= 512 for batch in batches if len(batch) > 1)


def test_nothing_is_printed(
    con: duckdb.DuckDBPyConnection, tiny: FeatureSettings, capfd: pytest.CaptureFixture[str]
) -> None:
    embed(con, ["one"], tiny)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no-such-package", "no installed package"),
        ("hypothesis", "no installed package"),  # there is one, without a model
        ("./no/folder", "no such folder"),
        ("nobody/no-such-model", "the hub does not give it"),
        ("", "the folder must hold"),
    ],
)
def test_a_wrong_model_name_says_what_to_do(
    con: duckdb.DuckDBPyConnection, name: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(SettingsError, match=r"features\.transformer_model = .*give an installed package") as caught:
        embed(con, ["one"], FeatureSettings(transformer_model=name))
    assert reason in str(caught.value)


def test_a_damaged_folder_is_named(con: duckdb.DuckDBPyConnection, tiny: FeatureSettings) -> None:
    folder = Path(tiny.transformer_model)
    (folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(SettingsError, match="does not load"):
        embed(con, ["one"], tiny)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(SettingsError, match="width"):
        embed(con, ["one"], tiny)
    (folder / "config.json").unlink()
    with pytest.raises(SettingsError, match="must hold"):
        embed(con, ["one"], tiny)


def test_a_hub_model_on_this_machine_needs_no_network(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, tiny: FeatureSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = tmp_path / "hub" / "models--someone--tiny"
    shutil.copytree(tiny.transformer_model, stored / "snapshots" / "0123abc")
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text("0123abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    named = tiny.model_copy(update={"transformer_model": "someone/tiny"})
    assert find_model(named).folder.name == "0123abc"
    assert embed(con, ["one"], named).tobytes() == embed(con, ["one"], tiny).tobytes()
    assert cached(con) == 1  # the same contents are the same model, wherever they lie
