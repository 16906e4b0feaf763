"""Build hook: the front end is built before a wheel, an sdist or an editable install is made.

Not hatch-jupyter-builder, for three reasons found in its source (0.10.0):

- it takes `npm` from PATH or fails; this hook asks pip for the registry's Node wheel where the machine has no Node;
- it decides by file times, which mean nothing after a checkout, or skips whatever exists, which keeps a stale bundle;
- it runs `npm install`, which may change the lock; this runs `npm ci`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
try:
    from tools import frontend
finally:
    del sys.path[0]


class FrontendBuildHook(BuildHookInterface[Any]):
    """Brings nodebook/widget/static up to date."""

    def dependencies(self) -> list[str]:
        """Ask for Node only where it is needed and missing."""
        return [] if frontend.is_fresh() or frontend.find_system_node() else [frontend.NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- hatchling's signature
        """Build, unless the bundle is that of the present sources."""
        frontend.build()
