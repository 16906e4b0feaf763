"""What the nodes of a graph made, shown on them: pictures and texts, fetched when a node or a run is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from threading import Lock
from typing import Any

from nodebook.engine import events
from nodebook.engine.cache import Entry
from nodebook.engine.index import Key
from nodebook.engine.items import Block, Items
from nodebook.engine.nodetype import NodeType
from nodebook.engine.store import GraphStore
from nodebook.sessions import Session
from nodebook.widget.inbox import Scheduler
from nodebook.widget.previews import PictureDesk

MAX_PICTURES = 8
"""How many of a batch are shown on a node."""

MAX_TEXT_CHARS = 20_000

_PICTURE_PORTS = {"IMAGE": 4, "MASK": 3}
"""Port type → number of dimensions of a batch."""


class ResultFeed:
    """Passes results to the picture desk and texts to ``set_text``; each once, as its key tells.

    Entries are fetched on the desk's thread and let go there: no tensor stays alive for a view.
    """

    def __init__(
        self,
        store: GraphStore,
        session: Session,
        desk: PictureDesk,
        set_text: Callable[[str, str | None], None],
        inbox: Scheduler,
    ) -> None:
        self._store = store
        self._session = session
        self._desk = desk
        self._set_text = set_text
        self._inbox = inbox
        self._shown: dict[str, Key] = {}
        self._finished: dict[str, None] = {}
        self._lock = Lock()

    def on_event(self, event: events.RunEvent) -> None:
        """Take in what happened, on the thread that computes."""
        match event:
            case events.NodePreview():
                self._shown.pop(event.node, None)
                self._desk.show_preview(event.node, event.picture)
            case events.NodeFinished() if self._is_shown(event.node):
                with self._lock:
                    is_first = not self._finished
                    self._finished[event.node] = None
                if is_first:
                    self._inbox.put(self._show_finished)
            case events.RunFinished():
                self._inbox.put(self.show_all)

    def show_all(self) -> None:
        """Show every result that is held and not shown yet."""
        for node in self._store.flat.ordered_ids():
            if self._is_shown(node):
                with self._store.lock:
                    run, entry = self._store.last_run, self._store.results.get(node)
                key = None if run is None or entry is None else run.keys.get(node)
                self._show(node, key, entry)

    def _is_shown(self, node_id: str) -> bool:
        node = self._store.flat.nodes.get(node_id)
        node_type = None if node is None else self._store.library.find(node.type)
        return node_type is not None and (
            node_type.is_output or any(_picture_port(spec.port) for spec in node_type.outputs)
        )

    def _show_finished(self) -> None:
        with self._lock:
            nodes, self._finished = list(self._finished), {}
        for node in nodes:
            # Not what the graph's last run made: while a run goes on, that is of the run before.
            self._show(node, None, None)

    def _show(self, node_id: str, key: Key | None, entry: Entry | None) -> None:
        """Show a result; without one, what the run that started last has made of the node, if it is held."""
        if key is None:
            key = self._session.run_key(self._store, node_id)
            entry = None
        node = self._store.flat.nodes.get(node_id)
        if key is None or node is None or self._shown.get(node_id) == key:
            return
        node_type = self._store.library.find(node.type)
        entry = entry or self._session.lookup(key)
        if entry is None or node_type is None:
            return
        self._shown[node_id] = key
        self._set_text(node_id, text_of(entry.payload))
        self._desk.show_result(node_id, pictures_of(entry, node_type))


def pictures_of(entry: Entry, node_type: NodeType) -> Sequence[Any]:
    """Return the pictures of a result: what it shows or, where it shows none, its first output that is a picture."""
    shown = entry.payload.get("images")
    if isinstance(shown, (list, tuple)) and shown:
        return shown[:MAX_PICTURES]
    for spec, value in zip(node_type.outputs, entry.outputs, strict=False):
        port = _picture_port(spec.port)
        if port is not None and value is not None:
            return _split_batch(value, _PICTURE_PORTS[port])
    return ()


def text_of(payload: Mapping[str, Any]) -> str | None:
    """Return the text that a result shows, if it shows one."""
    text = payload.get("text")
    if isinstance(text, (list, tuple)):
        text = "\n".join(map(str, text))
    if not isinstance(text, str):
        return None
    return text if len(text) <= MAX_TEXT_CHARS else f"{text[:MAX_TEXT_CHARS]}…"


def _picture_port(port: str) -> str | None:
    return next((name for name in port.split(",") if name in _PICTURE_PORTS), None)


def _split_batch(value: Any, dimensions: int) -> Sequence[Any]:
    if type(value) is Block:
        return ()
    if type(value) is Items:
        shown = (picture for each in value for picture in _split_batch(each, dimensions))
        return list(islice(shown, MAX_PICTURES))
    if isinstance(value, (list, tuple)):
        return value[:MAX_PICTURES]
    if getattr(value, "ndim", None) == dimensions:
        return [value[index] for index in range(min(MAX_PICTURES, len(value)))]
    return [value]
