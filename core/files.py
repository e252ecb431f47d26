"""Files that are replaced as a whole: who reads one meanwhile finds the old content or the new one."""

import os
from pathlib import Path


def replace_file(file: Path, content: bytes) -> None:
    """Replace a file, or make it, with its folders; several processes may at once. It is on the disk when this returns.

    Raises:
        OSError: the disk takes nothing.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}-{os.getpid()}")
    with draft.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
