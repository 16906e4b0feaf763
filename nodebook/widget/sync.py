"""One graph and its views: what they ask for is applied, what happens is told to all of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple

from nodebook.autorun import AutoRunOptions
from nodebook.engine import events
from nodebook.engine.compiled import Problem
from nodebook.engine.difference import edits_between
from nodebook.engine.edits import SetValue, edits_from_json
from nodebook.engine.graph import GraphState
from nodebook.engine.store import Change, GraphStore, History
from nodebook.errors import EditError, NodebookError
from nodebook.explain import plan_table
from nodebook.models.preview_options import PreviewOptions
from nodebook.notebook.breaks import debugger_of, set_break
from nodebook.places import find_place
from nodebook.sessions import Session
from nodebook.widget import commands, protocol
from nodebook.widget.catalogue import Catalogue
from nodebook.widget.changes import ChangeFeed
from nodebook.widget.errors import MalformedMessageError
from nodebook.widget.hub import Hub
from nodebook.widget.previews import Encode, PictureDesk, encode_small
from nodebook.widget.problems import ProblemFeed
from nodebook.widget.protocol import Channel, Message, PictureMessage
from nodebook.widget.queuefeed import QueueFeed
from nodebook.widget.results import ResultFeed
from nodebook.widget.variables import VariableFeed
from nodebook.widget.watching import Watch

logger = logging.getLogger(__name__)

STATUS_INTERVAL_S = 1 / 30

Buffer = bytes | bytearray | memoryview


@dataclass(slots=True)
class _Pending:
    """Which tasks are waiting, so that each waits only once."""

    status: bool = False
    library: bool = False


class _Now(NamedTuple):
    """A graph at one revision."""

    revision: int
    state: GraphState
    flat: GraphState
    history: History
    problems: list[Problem]


class GraphSync:
    """Keeps every view of a graph up to date, over one channel.

    ``handle`` may be called from any thread: it puts commands into the session's inbox, whose thread applies them in
    order and sends everything but pictures. Only what cancels and the acknowledgements of pictures act at once.
    """

    def __init__(self, store: GraphStore, session: Session, hub: Hub, *, encode: Encode = encode_small) -> None:
        self.store = store
        self.session = session
        self._hub = hub
        self._channel: Channel | None = None
        self._pending = _Pending()
        self._cancels = 0
        self._views: set[str] = set()
        self._next_status = 0.0
        self._catalogue = Catalogue(session)
        self._problems = ProblemFeed()
        self._changes = ChangeFeed(store, self._problems, hub.sync, self._deliver_now)
        self._watch = Watch(store, session, hub.sync, self._tell_status_soon)
        self._desk = PictureDesk(self._send_picture, hub.pictures, encode=encode)
        self._results = ResultFeed(store, session, self._desk, self._set_text, hub, self._send)
        self._queue = QueueFeed(store, session, hub.sync, self._send)
        self._variables = VariableFeed(store, session, self._problems, self._send)
        self._unsubscribe: list[Callable[[], None]] = [
            store.subscribe(self._on_change),
            session.library.subscribe(self._on_library),
            session.variables.subscribe(store, self._on_variables),
            session.stream.subscribe(self._on_event),
            self._watch.close,
            self._queue.close,
        ]
        hub.sync.put(self._look_back)

    # -- the channel ---------------------------------------------------------------------------------------------------

    def attach(self, channel: Channel) -> None:
        """Send to ``channel`` from now on."""
        self._channel = channel

    def detach(self, channel: Channel) -> None:
        """Stop sending to ``channel``. What happens meanwhile is kept for the next one."""
        if self._channel is channel:
            self._channel = None
            self._views.clear()

    @property
    def is_viewed(self) -> bool:
        """Whether a view that said hello has not said bye since; one whose page is gone may not have had the time."""
        return bool(self._views)

    def close(self) -> None:
        """Let go of graph and session."""
        self._channel = None
        while self._unsubscribe:
            self._unsubscribe.pop()()
        self._changes.clear()
        self._desk.clear()

    def handle(self, content: object, buffers: Sequence[Buffer] = ()) -> None:
        """Take in a message of a view. Never raises: a view is told what is wrong."""
        try:
            command = commands.parse_command(content)
        except MalformedMessageError as error:
            client, text = commands.sender_of(content), str(error)
            self._hub.sync.put(lambda: self._notify(client, text))
            return
        match command:
            case commands.Seen():
                self._desk.seen(command.client, command.seq)
            case commands.Hello():
                self._views.add(command.client)  # at once, so that a bye that follows on its heels counts
                self._put(command.client, self._task(command, buffers))
            case commands.Bye():
                self._views.discard(command.client)
            case commands.Cancel():
                self._cancels += 1  # for runs that are asked for and still wait in the inbox
                self._queue.cancel_graph()
            case commands.QueueCancel():
                self._queue.cancel(command.job)
            case commands.QueueClear():
                self._queue.clear()
            case _:
                self._put(command.client, self._task(command, buffers))

    def _task(  # noqa: C901, PLR0911, PLR0912 - one for each kind of command
        self, command: commands.Command, buffers: Sequence[Buffer]
    ) -> Callable[[], None]:
        """Return what a command asks for that waits its turn."""
        match command:
            case commands.Hello():
                return lambda: self._hello(command.client)
            case commands.EditCommand():
                return lambda: self._edit(command)
            case commands.UndoRedo():
                return lambda: self._step(command)
            case commands.RunCommand():
                cancels = self._cancels
                return lambda: self._run(command, cancels)
            case commands.PlanCommand():
                return lambda: self._plan(command)
            case commands.QueueMove() | commands.QueuePause() | commands.Restore():
                return lambda: self._ask_queue(command)
            case commands.LogCommand():
                return lambda: self._tell_log(command)
            case commands.Break():
                return lambda: set_break(self.session, self.store, command.node, on=command.on)
            case commands.Resume():
                return lambda: debugger_of(self.session).go_on(self.store)
            case commands.AutoRunCommand():
                options = AutoRunOptions() if command.on else None
                return lambda: self.session.auto_run(self.store, options)
            case commands.FullPicture():
                return lambda: self._results.send_full(command)
            case commands.MorePictures():
                return lambda: self._results.show_more(command.node, command.start)
            case commands.PreviewsCommand():
                return lambda: self._set_previews(command)
            case commands.ListFiles():
                return self._list_files
            case commands.ListVariables():
                return lambda: self._variables.offer(command)
            case commands.Unbind():
                return lambda: self._variables.unbind(command)
            case commands.Upload() | commands.PaintMask():
                copied = [bytes(each) for each in buffers]
                return lambda: self._upload(command, copied)
        raise AssertionError(command)

    def snapshot(self, to: str | None = None) -> protocol.Snapshot:
        """Return everything but pictures. May be called from any thread."""
        return self._snapshot(to, self._now())

    def _now(self) -> _Now:
        store = self.store
        with store.lock:
            return _Now(store.revision, store.state, store.flat, store.history, store.problems())

    def _snapshot(self, to: str | None, now: _Now) -> protocol.Snapshot:
        revision, state, flat, history, problems = now
        run, nodes = self._watch.board.snapshot(flat.nodes)
        return {
            "type": "snapshot",
            "to": to,
            "revision": revision,
            "document": protocol.document_json(state),
            "last_id": state.last_id,
            "history": protocol.history_json(history),
            "run": run,
            "nodes": nodes,
            "problems": protocol.problems_json(problems),
            "library": self._catalogue.json(),
            "queue": self._queue.json(),
        }

    # -- what views ask for, on the inbox's thread ---------------------------------------------------------------------

    def _put(self, client: str, task: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                task()
            except NodebookError as error:
                self._notify(client, str(error))
            except Exception as error:
                logger.exception("A command of the editor failed")
                self._notify(client, f"The kernel could not do that: {type(error).__name__}: {error}")

        self._hub.sync.put(guarded)

    def _hello(self, client: str) -> None:
        with self.store.lock:  # problems are told as differences: no edit may come between
            messages, now = self._changes.take(), self._now()
        for message in messages:
            self._send(message)
        self._send(self._snapshot(client, now))
        self._desk.show_again()
        self._results.show_displays_again()
        for level, text in self.session.notices.pop(self.store.number, ()):  # once: a reload is no news
            self._send(protocol.notice(client, level, text))
        self._variables.tell_again()

    def _plan(self, command: commands.PlanCommand) -> None:
        plan, state, problems = self.session.plan(self.store, command.targets)
        table = plan_table(self.store, plan, state, problems, self.session.costs.expect)
        self._send(protocol.plan_json(command.client, table))

    def _edit(self, command: commands.EditCommand) -> None:
        try:
            edits = edits_from_json(command.ops)
            self.store.edit(edits, command.label, client=command.client, client_batch=command.batch)
        except EditError as error:
            self._reject(command, error)
        except Exception as error:
            logger.exception("An edit failed")
            self._reject(command, error)
        else:
            self._deliver_now()

    def _step(self, command: commands.UndoRedo) -> None:
        if command.type == "undo":
            self.store.undo()
        else:
            self.store.redo()
        self._deliver_now()

    def _run(self, command: commands.RunCommand, cancels: int) -> None:
        if cancels != self._cancels:
            return
        targets = command.targets
        if targets is not None:
            targets = [node for node in targets if find_place(self.store, node) is not None]
            if not targets:
                self._notify(command.client, "There is nothing to run: the graph has none of these nodes any more.")
                return
        for _ in range(command.count):
            job = self.session.submit(self.store, targets, priority=command.priority, front=command.front)
            if cancels != self._cancels:
                job.cancel()
                return

    def _ask_queue(self, command: commands.QueueMove | commands.QueuePause | commands.Restore) -> None:
        match command:
            case commands.QueueMove():
                self._queue.move(command.job, command.position)
            case commands.QueuePause():
                self._queue.pause(on=command.on)
            case commands.Restore():
                self._restore(command)

    def _restore(self, command: commands.Restore) -> None:
        with self.store.lock:
            edits = edits_between(self.store.state, self._queue.state_of(command.job))
            if edits:
                self.store.edit(edits, f"Restore the graph of run {command.job}")
        if edits:
            self._deliver_now()
        else:
            self._send(protocol.notice(command.client, "info", "The graph is as it was in that run."))

    def _tell_log(self, command: commands.LogCommand) -> None:
        lines = self.session.logs.lines(self.store.number, after=command.after)
        self._send(protocol.log_json(command.client, lines))

    def _upload(self, command: commands.Upload | commands.PaintMask, buffers: list[bytes]) -> None:
        try:
            if len(buffers) != 1:
                raise EditError(f"Cannot load {command.name!r}: expected one file, got {len(buffers)}. Drop it again.")
            if not self.store.has_node(command.node, command.graph):
                raise EditError(f"Cannot load {command.name!r}: node {command.node!r} was removed meanwhile.")
            painted = isinstance(command, commands.PaintMask)
            file = self._painted(command.name, buffers[0]) if painted else (command.name, buffers[0])
            name = self.session.folders.store_upload(*file)
            if self._catalogue.has_other_files():
                self._tell_library()
            edit = SetValue(command.node, command.input, name, graph=command.graph)
            label = f"Paint a mask on {command.name}" if painted else f"Load {name}"
            self.store.edit([edit], label, client=command.client, client_batch=command.batch)
        except (NodebookError, OSError) as error:
            self._reject(command, error)
        else:
            self._deliver_now()

    def _painted(self, name: str, mask: bytes) -> tuple[str, bytes]:
        """Return the name and the bytes of a picture with the mask that was painted on it."""
        from nodebook.nodes.painted import paint_mask, painted_name

        return painted_name(name), paint_mask(self.session.folders.resolve(name), mask)

    def _set_previews(self, command: commands.PreviewsCommand) -> None:
        self.session.previews.options = PreviewOptions(command.method, command.size)

    def _list_files(self) -> None:
        if self._catalogue.has_other_files():
            self._tell_library()

    def _reject(self, command: commands.EditCommand | commands.Upload | commands.PaintMask, error: Exception) -> None:
        self._deliver_now()
        self._send(protocol.rejected(command.client, command.batch, str(error) or type(error).__name__))

    # -- what happens, on any thread: only noted -----------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        self._changes.note(change)
        self._watch.mark_stale_soon()

    def _on_library(self) -> None:
        if not self._pending.library:
            self._pending.library = True
            self._hub.sync.put(self._tell_library)
        self._watch.mark_stale_soon()

    def _on_variables(self) -> None:
        self._hub.sync.put(self._variables.tell)
        self._watch.mark_stale_soon()

    def _on_event(self, event: events.RunEvent) -> None:
        if event.graph == self.store.number:
            if isinstance(event, events.RunStarted):
                self._hub.sync.put(self._variables.tell)  # a run reads them all
            self._watch.on_event(event)
            self._results.on_event(event)

    def _set_text(self, node: str, text: str | None) -> None:
        self._watch.board.set_text(node, text)
        self._tell_status_soon()

    # -- telling the views, on the inbox's thread ----------------------------------------------------------------------

    def _look_back(self) -> None:
        """Find what runs made before the first view was shown."""
        self._watch.look_back()
        self._hub.pictures.put(self._results.show_all)

    def _deliver_now(self) -> None:
        """Tell all changes so far, in order of their revisions."""
        for message in self._changes.take():
            self._send(message)
        self._variables.tell()

    def _tell_status_soon(self) -> None:
        if not self._pending.status:
            self._pending.status = True
            self._hub.sync.put(self._tell_status)

    def _tell_status(self) -> None:
        now = monotonic()
        if now < self._next_status:
            self._hub.sync.later(self._next_status - now, self._tell_status)
            return
        self._pending.status = False
        delta = self._watch.take()
        if delta is not None:
            self._next_status = now + STATUS_INTERVAL_S
            self._send(delta)

    def _tell_library(self) -> None:
        self._pending.library = False
        if self._channel is not None:
            problems = self._problems.all(self.store.problems())
            self._send({"type": "library", "library": self._catalogue.json(), "problems": problems})

    def _notify(self, client: str | None, text: str) -> None:
        self._send(protocol.notice(client, "error", text))

    def _send_picture(self, message: PictureMessage, data: bytes) -> None:
        self._send(message, [data])

    def _send(self, message: Message, buffers: list[Any] | None = None) -> None:
        channel = self._channel
        if channel is None:
            return
        try:
            channel.send_message(message, buffers or [])
        except Exception:
            logger.exception("A message to the editor could not be sent")
