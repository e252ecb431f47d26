"""Nothing that a snapshot consists of can run when it is read."""

import json
import pickletools
from pathlib import Path

import duckdb
import pytest
from safetensors import safe_open

from core.settings import Settings
from warehouse.snapshots import current

# a format that is not here is one that somebody has to think about
KNOWN = {".duckdb", ".safetensors", ".cbm", ".json"}


def is_pickle(content: bytes) -> bool:
    try:
        return any(code.name == "STOP" for code, _, _ in pickletools.genops(content))
    except Exception:  # of any kind: it is no pickle
        return False


def files(settings: Settings) -> list[Path]:
    return [file for file in current(settings).folder.rglob("*") if file.is_file()]


def test_a_snapshot_holds_plain_formats_alone(published: Settings) -> None:
    assert {file.suffix for file in files(published)} == KNOWN
    for file in files(published):
        content = file.read_bytes()
        assert not is_pickle(content), file
        assert not content.startswith(b"PK"), file  # an archive, as numpy and torch make them, may hold one
        if file.suffix == ".json":
            json.loads(content)
        elif file.suffix == ".safetensors":
            with safe_open(str(file), "numpy") as arrays:
                assert arrays.keys()
        elif file.suffix == ".cbm":
            assert content.startswith(b"CBM1"), file
        else:
            duckdb.connect(str(file), read_only=True).close()


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_would_be_seen(protocol: int) -> None:
    import pickle

    assert is_pickle(pickle.dumps({"a": [1.5, "text"]}, protocol))
