"""What the nodes of a graph made, shown on them: pictures and texts, fetched when a node or a run is done."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import count
from threading import Lock
from time import monotonic
from typing import Any

from nodebook.engine import document, events
from nodebook.engine.cache import Entry
from nodebook.engine.index import Key
from nodebook.engine.store import GraphStore
from nodebook.errors import NodebookError, NotRunError
from nodebook.notebook.display.data import Display, display_of, displays_of, is_displayed, shows_outputs
from nodebook.notebook.display.entryparts import pictures_of, shows_pictures, text_of
from nodebook.sessions import Session
from nodebook.widget.commands import FullPicture
from nodebook.widget.hub import Hub
from nodebook.widget.previews import PictureDesk
from nodebook.widget.protocol import FullPictureMessage

Send = Callable[[Any, list[Any]], None]

MAX_PICTURES = 8
"""How many of a batch are sent at once; a view asks for the others as many at a time."""

LIVE_INTERVAL_S = 1 / 10
"""Between two tables or plots of nodes that are working."""

_NOT_IN_FILE_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


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
        hub: Hub,
        send: Send,
    ) -> None:
        self._store = store
        self._session = session
        self._desk = desk
        self._set_text = set_text
        self._inbox = hub.pictures
        self._files = hub.files
        self._send = send
        self._shown: dict[str, Key] = {}
        self._displays: dict[str, list[Display]] = {}
        """What nodes show beside pictures and text; used on the desk's thread only."""
        self._live: dict[str, Any] = {}
        self._next_live = 0.0
        self._finished: dict[str, None] = {}
        self._lock = Lock()

    def on_event(self, event: events.RunEvent) -> None:
        """Take in what happened, on the thread that computes."""
        match event:
            case events.NodePreview():
                self._shown.pop(event.node, None)
                if is_displayed(event.picture):
                    self._show_live(event.node, event.picture)
                else:
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
        return node_type is not None and (shows_pictures(node_type) or shows_outputs(node_type))

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
        with self._lock:
            self._live.pop(node_id, None)
        self._set_text(node_id, text_of(entry.payload))
        self._show_displays(node_id, displays_of(entry, node_type))
        pictures = pictures_of(entry, node_type)
        self._desk.show_result(node_id, pictures[:MAX_PICTURES], len(pictures))

    def _show_live(self, node_id: str, value: Any) -> None:
        """Show a table or a plot of a node that is working; the newest wins, on the thread that computes."""
        with self._lock:
            is_first = node_id not in self._live
            self._live[node_id] = value
        if is_first:
            self._inbox.put(lambda: self._send_live(node_id))

    def _send_live(self, node_id: str) -> None:
        wait_s = self._next_live - monotonic()
        if wait_s > 0:
            self._inbox.later(wait_s, lambda: self._send_live(node_id))
            return
        with self._lock:
            value = self._live.pop(node_id, None)
        if value is not None:
            self._next_live = monotonic() + LIVE_INTERVAL_S
            self._show_displays(node_id, [display_of(value)])

    def show_displays_again(self) -> None:
        """Send the tables, plots and sounds of all nodes once more, for a view that has just come."""
        self._inbox.put(self._send_all_displays)

    def _send_all_displays(self) -> None:
        for node_id in list(self._displays):
            self._send_displays(node_id)

    def _show_displays(self, node_id: str, displays: list[Display]) -> None:
        if displays or node_id in self._displays:
            self._displays[node_id] = displays
            self._send_displays(node_id)

    def _send_displays(self, node_id: str) -> None:
        shown = self._displays.get(node_id, [])
        buffers = [each.data for each in shown if each.data is not None]
        at = count()
        infos = [{**each.info, "buffer": None if each.data is None else next(at)} for each in shown]
        self._send({"type": "display", "node": node_id, "displays": infos}, buffers)

    def show_more(self, node_id: str, start: int) -> None:
        """Show more pictures of the result that a node shows, from one on."""
        self._inbox.put(lambda: self._show_more(node_id, start))

    def send_full(self, command: FullPicture) -> None:
        """Send a view one picture in full size: of a node's result, with the graph that made it, or of a file."""
        self._files.put(lambda: self._send_full(command))

    def _show_more(self, node_id: str, start: int) -> None:
        found = self._pictures(node_id)
        if found:
            self._desk.show_more(node_id, start, found[start : start + MAX_PICTURES])

    def _send_full(self, command: FullPicture) -> None:
        name = f"{self._title(command.node)} {command.index + 1}.png"
        try:
            full, reason = self._full(command), None
        except (NodebookError, OSError) as error:
            full, reason = None, str(error)
        info: FullPictureMessage = {
            "type": "full_picture",
            "to": command.client,
            "node": command.node,
            "index": command.index,
            "file": command.file,
            "width": 0 if full is None else full.width,
            "height": 0 if full is None else full.height,
            "name": name if full is None else full.name or name,
            "reason": reason,
        }
        self._send(info, [] if full is None else [full.data])

    def _full(self, command: FullPicture) -> Any:
        from nodebook.nodes import fullsize

        if command.file is not None:
            return fullsize.encode_file(self._session.folders.resolve(command.file))
        pictures = self._pictures(command.node)
        if command.index >= len(pictures):
            raise NotRunError("The result is not kept any more: run the node again.")
        return fullsize.encode_full(pictures[command.index], self._document(command.node))

    def _pictures(self, node_id: str) -> Sequence[Any]:
        """Return all pictures of a node's newest result; none where it is not held any more."""
        node = self._store.flat.nodes.get(node_id)
        node_type = None if node is None else self._store.library.find(node.type)
        entry = self._session.result(self._store, node_id)
        return () if entry is None or node_type is None else pictures_of(entry, node_type)

    def _document(self, node_id: str) -> str:
        """Return the graph that made a node's newest result, as far as that is known."""
        run = self._store.last_run
        top = node_id.partition("/")[0]  # of a node in a subgraph the instance
        state = run.state if run is not None and top in run.state.nodes else self._store.state
        return document.dumps(state)

    def _title(self, node_id: str) -> str:
        node = self._store.flat.nodes.get(node_id)
        node_type = None if node is None else self._store.library.find(node.type)
        title = node_id if node is None else node.title or (node.type if node_type is None else node_type.title)
        return " ".join(_NOT_IN_FILE_NAMES.sub(" ", title).split()) or "picture"
