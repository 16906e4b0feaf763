"""The anywidget model of a graph: one per graph and kernel, however many views show it."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
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
    bundle = traitlets.Unicode("").tag(sync=True)
    """Which editor the page is to ask for: a hash of its files."""

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

    def _receive(self, _widget: object, content: object, buffers: list[memoryview]) -> None:
        if isinstance(content, Mapping) and content.get("type") == "bundle":
            self._send_bundle()
        else:
            self._sync.handle(content, buffers)

    def _send_bundle(self) -> None:
        """Send the editor to a page that has not got it: a message is kept by nobody, unlike state."""
        files = _bundle(STATIC)
        self.send({"type": "bundle", "hash": files.hash}, buffers=[files.script, files.css])

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


@dataclass(frozen=True, slots=True)
class _Bundle:
    """The editor's files, packed as they travel."""

    hash: str
    script: bytes
    css: bytes


def new_widget(sync: GraphSync) -> GraphWidget:
    """Return a new model. Raises ``FrontendMissingError`` where the front end was not built."""
    _check_built(STATIC)
    if os.environ.get("ANYWIDGET_HMR"):  # make dev: anywidget watches the files, and the page shows each change
        return _with_files(STATIC)(sync)
    return _with_loader(STATIC)(sync, bundle=_bundle(STATIC).hash)


def _check_built(folder: Path) -> None:
    missing = [name for name in ("index.js", "index.css", "loader.js") if not (folder / name).is_file()]
    if missing:
        raise FrontendMissingError(
            f"nodebook's editor cannot be shown: {' and '.join(missing)} is not in {folder}. The front end was not "
            "built. In a checkout run `make dev` or `pip install .`; otherwise install nodebook again."
        )


@cache
def _bundle(folder: Path) -> _Bundle:
    script, css = ((folder / name).read_bytes() for name in ("index.js", "index.css"))
    digest = hashlib.sha256(script + b"\0" + css).hexdigest()[:16]
    return _Bundle(digest, gzip.compress(script, 6, mtime=0), gzip.compress(css, 6, mtime=0))


@cache
def _with_loader(folder: Path) -> type[GraphWidget]:
    class LoadedGraphWidget(GraphWidget):
        # Small: state may be saved in the notebook, once for each graph (js/src/loader.ts).
        _esm = (folder / "loader.js").read_text(encoding="utf-8")

    return LoadedGraphWidget


@cache
def _with_files(folder: Path) -> type[GraphWidget]:
    class BundledGraphWidget(GraphWidget):
        # Paths, so that anywidget watches them.
        _esm = folder / "index.js"
        _css = folder / "index.css"

    return BundledGraphWidget
