"""Resolve pyproject.toml into requirements.lock, with the SHA-256 of every file that an index has of each version.

pip-compile alone would fetch all these files, of every platform, to hash them, where an index does not speak PyPI's own
JSON; but each index tells the hashes on the page that lists the files. A version with a local label, such as torch's
`+cpu`, is on some indexes only: the lock names the version without it, and the hashes of both.

Beside it, requirements-cuda.lock: what torch wants besides on Linux, where PyPI's build of it is the one at hand. With
`--upgrade` versions are the newest, not those that the lock has.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK, CUDA, CONSTRAINTS = Path("requirements.lock"), Path("requirements-cuda.lock"), Path(".constraints")
OPTIONS = "--quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate --no-emit-options"
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ +;]+)(\+[a-z0-9.]+)?")
PYPI_ALONE = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}


def main() -> None:
    """Write both."""
    if sys.argv[1:2] == ["--compile"]:  # in a process of its own, for pip reads its settings once
        compile_with_hashes(sys.argv[2:])
        return
    upgrade = sys.argv[1:]
    # what is there decides which versions stay
    run(["--extra", "dev", "--output-file", str(LOCK), *upgrade, "pyproject.toml"])
    locked = blocks(LOCK.read_text(encoding="utf-8"))
    LOCK.write_text("".join(locked.values()), encoding="utf-8")
    CUDA.unlink(missing_ok=True)
    names = [block.split()[0] for block in locked.values()]
    torch = next(one for one in names if one.startswith("torch=="))
    CONSTRAINTS.write_text("\n".join(names), encoding="utf-8")
    run(["--output-file", str(CUDA), "--constraint", str(CONSTRAINTS), "-"], given=torch, **PYPI_ALONE)
    CONSTRAINTS.unlink()
    besides = {name: block for name, block in blocks(CUDA.read_text(encoding="utf-8")).items() if name not in locked}
    told = "".join(PINNED.sub(r"\g<0> ; sys_platform == 'linux'", block) for block in besides.values())
    CUDA.write_text(told, encoding="utf-8")


def run(arguments: list[str], given: str = "", **environment: str) -> None:
    """pip-compile, by this file."""
    command = [sys.executable, __file__, "--compile", *OPTIONS.split(), *arguments]
    # what pip-compile writes it also prints
    subprocess.run(  # noqa: S603
        command, input=given, text=True, check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )


def compile_with_hashes(arguments: list[str]) -> None:
    """pip-compile, that takes hashes from the index's pages, and with a version those of its local builds."""
    from piptools.repositories.pypi import PyPIRepository
    from piptools.scripts.compile import cli

    hash_of_file = PyPIRepository._get_file_hash

    def hash_of(self: Any, link: Any) -> str:
        return f"sha256:{link.hash}" if link.hash_name == "sha256" else hash_of_file(self, link)

    def candidates(self: Any, pinned: Any) -> set[Any]:
        [wanted] = {one.version.partition("+")[0] for one in pinned.specifier}
        return {one for one in self.find_all_candidates(pinned.name) if one.version.public == wanted}

    PyPIRepository._get_file_hash = hash_of
    PyPIRepository._get_matching_candidates = candidates
    PyPIRepository._get_hashes_from_pypi = lambda *_: {}
    cli(arguments)


def blocks(lock: str) -> dict[str, str]:
    """The lines of each package by its name, without local labels, comments, and ourselves, whom an extra names."""
    kept = "".join(line for line in lock.splitlines(keepends=True) if line.strip() and not line.startswith("#"))
    found = re.split(r"^(?=[a-z0-9])", kept, flags=re.MULTILINE)
    pinned = {named[1]: block for block in found if (named := PINNED.match(block))}
    return {name: PINNED.sub(r"\1==\2", block) for name, block in sorted(pinned.items())}


if __name__ == "__main__":
    main()
