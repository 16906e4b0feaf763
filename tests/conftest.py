from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pathlib import Path

# Two busy cores make single examples slow by chance: no deadline. CI repeats the same examples.
# HYPOTHESIS_PROFILE=thorough draws ten times as many, for a change to what the properties are about.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("thorough", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))


@pytest.fixture
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a fresh folder the working directory: what is saved beside the notebook lands there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
