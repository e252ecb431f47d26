"""Ask for known weaknesses of the versions locked (pip-audit, PyPI's advisories); exit code 1 if there are any.

Not every index answers such questions, and not every machine has one: then this says so, and is no failure.
"""

import json
import subprocess
import sys
from typing import Any

LIMIT = 180  # seconds
COMMAND = (
    "-m pip_audit --no-deps --disable-pip --progress-spinner off --timeout 5 --format json "
    "-r requirements.lock -r requirements-torch.lock"
)


def main() -> int:
    """Tell what is known; the exit code."""
    command = [sys.executable, *COMMAND.split()]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)  # noqa: S603
        packages = json.loads(asked.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return unknown(f"no answer within {LIMIT} s")
    except (ValueError, KeyError):
        return unknown(asked.stderr.strip().rpartition("\n")[2])
    weak = [f"{one['name']} {one['version']}: {weakness(known)}" for one in packages for known in one.get("vulns", ())]
    silent = [one["name"] for one in packages if "skip_reason" in one]
    if len(silent) == len(packages):
        return unknown("the index knows of no advisories")
    sys.stdout.write("".join(f"{line}\n" for line in sorted(weak)))
    sys.stdout.write(f"{len(packages) - len(silent)} packages audited, {len(weak)} known weaknesses")
    sys.stdout.write(f"; nothing is known of {', '.join(silent)}\n" if silent else "\n")
    return 1 if weak else 0


def weakness(known: dict[str, Any]) -> str:
    """Its name, and the versions that mend it."""
    return f"{known['id']}, mended in {', '.join(known['fix_versions']) or 'no version yet'}"


def unknown(why: str) -> int:
    """Say that nothing was audited."""
    sys.stdout.write(f"the versions in requirements.lock are not audited: {why}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
