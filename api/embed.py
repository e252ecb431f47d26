"""`python -m api.embed`: embed the texts told on standard input, add them to a file, and end. See `api.embeddings`."""

import os
import sys
from pathlib import Path

import duckdb
import msgspec

from api.embeddings import Work, read_vectors, write_vectors
from core.settings import FeatureSettings
from features.live_posts import text_hash
from features.text_transformer import embed_texts


def main() -> None:
    """Do the work, giving way to whoever answers requests on this machine."""
    os.nice(10)
    work = msgspec.json.decode(sys.stdin.buffer.read(), type=Work)
    file, hashes = Path(work.file), [text_hash(text) for text in work.texts]
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA features")
        con.execute("CREATE TABLE features.text_embeddings (model VARCHAR, text_hash VARCHAR, vector FLOAT[])")
        vectors = embed_texts(con, work.texts, hashes, FeatureSettings.model_validate(work.features))
    before = read_vectors(file) if file.exists() else {}
    write_vectors(file, before | dict(zip(hashes, vectors, strict=True)))


if __name__ == "__main__":
    main()
