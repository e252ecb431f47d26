"""Resolve pyproject.toml into requirements.lock, with the SHA-256 of every file that an index has of each version.

pip-compile alone would fetch all these files, of every platform, to hash them, where an index does not speak PyPI's own
JSON; but each index tells the hashes on the page that lists the files.

torch is apart, for it comes in two builds: that for processors alone, `+cpu`, which some indexes have
(requirements-torch-cpu.lock, as far as this machine's has it), and PyPI's, which wants CUDA's libraries on Linux
(requirements-torch.lock). With `--upgrade` versions are the newest, not those that the lock has.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK, CPU, TORCH = map(Path, ("requirements.lock", "requirements-torch-cpu.lock", "requirements-torch.lock"))
CONSTRAINTS = Path(".constraints")
OPTIONS = "--quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate --no-emit-options"
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ +;]+)(\+[a-z0-9.]+)?")
OF_CUDA = re.compile(r"nvidia-.*|cuda-.*|triton")
PYPI_ALONE = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}


def main() -> None:
    """Write all three."""
    if sys.argv[1:2] == ["--compile"]:  # in a process of its own, for pip reads its settings once
        compile_with_hashes(sys.argv[2:])
        return
    # what is there decides which versions stay
    run(["--extra", "dev", "--output-file", str(LOCK), *sys.argv[1:], "pyproject.toml"])
    found = {name: block for name, block in blocks(LOCK).items() if not OF_CUDA.fullmatch(name)}
    torch = found.pop("torch")
    LOCK.write_text("".join(found.values()), encoding="utf-8")
    pinned = PINNED.match(torch)
    if pinned is not None and pinned[3] == "+cpu":
        CPU.write_text(torch, encoding="utf-8")
    version = PINNED.sub(r"\1==\2", torch.split()[0])
    CONSTRAINTS.write_text("\n".join(block.split()[0] for block in found.values()), encoding="utf-8")
    TORCH.unlink(missing_ok=True)
    run(["--output-file", str(TORCH), "--constraint", str(CONSTRAINTS), "-"], given=version, **PYPI_ALONE)
    CONSTRAINTS.unlink()
    told = {
        name: PINNED.sub(r"\g<0> ; sys_platform == 'linux'", block) if OF_CUDA.fullmatch(name) else block
        for name, block in blocks(TORCH).items()
        if name == "torch" or OF_CUDA.fullmatch(name)
    }
    TORCH.write_text("".join(told.values()), encoding="utf-8")


def run(arguments: list[str], given: str = "", **environment: str) -> None:
    """pip-compile, by this file."""
    command = [sys.executable, __file__, "--compile", *OPTIONS.split(), *arguments]
    # what pip-compile writes it also prints
    subprocess.run(  # noqa: S603
        command, input=given, text=True, check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )


def compile_with_hashes(arguments: list[str]) -> None:
    """pip-compile, that takes hashes from the index's pages."""
    from piptools.repositories.pypi import PyPIRepository
    from piptools.scripts.compile import cli

    hash_of_file = PyPIRepository._get_file_hash

    def hash_of(self: Any, link: Any) -> str:
        return f"sha256:{link.hash}" if link.hash_name == "sha256" else hash_of_file(self, link)

    PyPIRepository._get_file_hash = hash_of
    PyPIRepository._get_hashes_from_pypi = lambda *_: {}
    cli(arguments)


def blocks(lock: Path) -> dict[str, str]:
    """The lines of each package by its name, without comments, and without ourselves, whom an extra names."""
    lines = lock.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = "".join(line for line in lines if line.strip() and not line.startswith("#"))
    found = re.split(r"^(?=[a-z0-9])", kept, flags=re.MULTILINE)
    return dict(sorted((named[1], block) for block in found if (named := PINNED.match(block))))


if __name__ == "__main__":
    main()
