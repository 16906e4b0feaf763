"""The anywidget model of a graph: one per graph and kernel, however many views show it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from nodebook.widget.errors import FrontendMissingError
from nodebook.widget.protocol import Message
from nodebook.widget.routing import leave_where_sent
from nodebook.widget.sync import GraphSync

STATIC = Path(__file__).parent / "static"


class GraphWidget(anywidget.AnyWidget):
    """A message channel between one ``GraphSync`` and its views. Build it with ``new_widget``."""

    graph_name = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    snapshot = traitlets.Dict().tag(sync=True)
    """Stays empty here: ``get_state`` fills it with the present, so that a reloaded page begins with that."""

    def __init__(self, sync: GraphSync, **members: Any) -> None:
        self._sync = sync
        self._was_closed = False
        super().__init__(graph_name=sync.store.state.name, **members)
        self.on_msg(self._receive)
        sync.attach(self)

    @property
    def is_open(self) -> bool:
        """Whether a page can still show this model."""
        return self.comm is not None and not self._was_closed

    def send_message(self, message: Message, buffers: list[bytes]) -> None:
        """Send one message to all views."""
        self.send(message, buffers=buffers)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 -- ipywidgets' signature
        """Return the state for the front end, with a snapshot of this moment."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        if "snapshot" in state:
            state["snapshot"] = self._sync.snapshot()
        return state

    def _receive(self, _widget: object, content: Mapping[str, Any], buffers: list[memoryview]) -> None:
        self._sync.handle(content, buffers)

    @traitlets.observe("comm")
    def _prepare_comm(self, change: Mapping[str, Any]) -> None:
        comm = change["new"]
        if comm is not None:
            leave_where_sent(comm)
            comm.on_close(self._note_close)

    def _note_close(self, _message: object) -> None:
        """Remember that the page closed the model: the next display needs a new one."""
        self._was_closed = True
        self._sync.detach(self)


def new_widget(sync: GraphSync) -> GraphWidget:
    """Return a new model. Raises ``FrontendMissingError`` where the front end was not built."""
    return _with_bundle(STATIC)(sync)


@cache
def _with_bundle(folder: Path) -> type[GraphWidget]:
    missing = [name for name in ("index.js", "index.css") if not (folder / name).is_file()]
    if missing:
        raise FrontendMissingError(
            f"nodebook's editor cannot be shown: {' and '.join(missing)} is not in {folder}. The front end was not "
            "built. In a checkout run `make dev` or `pip install .`; otherwise install nodebook again."
        )

    class BundledGraphWidget(GraphWidget):
        # Paths, so that anywidget watches them where ANYWIDGET_HMR is set (make dev).
        _esm = folder / "index.js"
        _css = folder / "index.css"

    return BundledGraphWidget
