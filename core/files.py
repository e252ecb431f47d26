"""Files that are replaced as a whole: who reads one meanwhile finds the old content or the new one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path


def replace_file(file: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Replace a file, or make it, with its folders; several processes may at once. It is on the disk when this returns.

    `mode` says who may read it, less what the process's umask takes away.

    Raises:
        OSError: the disk takes nothing.
    """
    with replacing(file) as draft, open(draft, "wb", opener=partial(os.open, mode=mode)) as out:
        out.write(content)


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of `file` at the end, unless the block raises; see `replace_file`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}-{os.getpid()}")
    try:
        yield draft
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
