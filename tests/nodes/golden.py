"""The recorded facts about ComfyUI, where this checkout stands beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden"

needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason="../shared/golden is not beside this checkout")


def load_schema() -> dict[str, Any]:
    path = GOLDEN / "object_schema.json"
    schema: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return schema
