"""Teaches IPython to show what lives below the notebook's room and so cannot ask it: models and their pool.

Registered by name, so that nothing is loaded before such a value is shown. docs/design/displays.md.
"""

from __future__ import annotations

import sys
from typing import Any

_HANDLES = ("ModelHandle", "ClipHandle", "VaeHandle")


def teach(shell: Any = None) -> bool:
    """Register with the shell of this process; False where there is none."""
    ipython = sys.modules.get("IPython")
    shell = shell or (None if ipython is None else ipython.get_ipython())
    formatter = getattr(shell, "display_formatter", None)
    if formatter is None:
        return False
    html = formatter.formatters["text/html"]
    html.for_type_by_name("nodebook.models.pool", "Pool", _pool)
    html.for_type_by_name("nodebook.models.ledger", "Ledger", _ledger)
    for name in _HANDLES:
        html.for_type_by_name("nodebook.models.handles", name, _handle)
    return True


def _pool(pool: Any) -> str:
    from nodebook.notebook.display.sessions import pool_html

    return pool_html(pool)


def _ledger(ledger: Any) -> str:
    from nodebook.notebook.display.sessions import ledger_html

    return ledger_html(ledger)


def _handle(handle: Any) -> str:
    from nodebook.notebook.display.look import Heading, bundle
    from nodebook.notebook.display.showing import Showing, blocks_of
    from nodebook.sessions import session

    port = type(handle).__name__.removesuffix("Handle").upper()
    return str(bundle([Heading(port), *blocks_of(handle, port, Showing(session()))])["text/html"])
