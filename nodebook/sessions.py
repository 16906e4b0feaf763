"""The composition root, one per kernel: cache, worker, library and folders are built here and nowhere else."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from nodebook import nodes
from nodebook.assets.folders import Folders
from nodebook.autorun import AutoRun, AutoRunOptions
from nodebook.caching import TieredCache
from nodebook.costs import CostHistory
from nodebook.disktier import DiskTier, user_cache_folder
from nodebook.engine.cache import Entry, MemoryCache
from nodebook.engine.compiled import Problem
from nodebook.engine.events import EventStream
from nodebook.engine.executor import Services
from nodebook.engine.graph import GraphState
from nodebook.engine.graphfile import GraphFile
from nodebook.engine.lanes import Lanes
from nodebook.engine.library import BUILTIN, Library
from nodebook.engine.memory import available_bytes, total_bytes
from nodebook.engine.plan import Plan
from nodebook.engine.policies import GIB
from nodebook.engine.store import Change, GraphStore
from nodebook.engine.valueops import ValueRegistry
from nodebook.engine.variables import Publisher
from nodebook.history import MAX_RECORDS
from nodebook.jobs import Job
from nodebook.models.errors import ModelFolderError
from nodebook.models.folders import ModelFolders
from nodebook.nodelogs import NodeLogs
from nodebook.notebookvariables import NotebookVariables
from nodebook.pausing import refuse_if_paused
from nodebook.rooms import room
from nodebook.runqueue import RunQueue
from nodebook.seeds import Key, SeedBook, set_seed
from nodebook.waiting import ProgressMode, checked_mode, first_mode

logger = logging.getLogger(__name__)

_MIB = 1024 * 1024
DEFAULT_CACHE_BYTES = 2048 * _MIB


class Session:
    """Everything that the graphs of one kernel share.

    ``model_folders``: where model files are looked for; None: beside the notebook, and where NODEBOOK_MODELS says.
    ``cache_folder``: where results outlive the kernel; None keeps them in memory only, at most ``cache_bytes`` of them.
    ``history_records``: how many runs the queue remembers, on disk too.
    ``scratch``: where everything is written in place of ``folder`` (pictures, graphs, the queue); files are read from
    ``folder`` all the same. For a run that must leave no trace.
    """

    def __init__(  # noqa: PLR0913 -- each by its name, and all but the first for tests and embedding
        self,
        folder: Path | None = None,
        *,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
        cache_folder: Path | None = None,
        cache_policy: str = "bytes",
        history_records: int = MAX_RECORDS,
        model_folders: ModelFolders | None = None,
        scratch: Path | None = None,
    ) -> None:
        self.notebook = notebook_path() if folder is None else None
        """The file in whose outputs copies of named graphs are looked for; to be set before the first is asked for."""
        folder = folder or notebook_folder()
        self.folder = scratch or folder
        """Where graphs and the queue are kept."""
        self.folders = Folders(
            base=folder,
            input=folder / "input",
            output=(scratch or folder) / "output",
            temp=(scratch or Path(tempfile.gettempdir())) / f"nodebook-{os.getpid()}",
        )
        self.model_folders = model_folders or _model_folders(folder)
        self.pool = nodes.new_pool()
        self.previews = nodes.new_previews(self.pool, self.model_folders, lambda: self.queue.notify())  # noqa: PLW0108 - made below
        self.file_lists = nodes.file_lists(self.folders, self.model_folders)
        """What widgets offer for each kind of file that ``FileName`` names, at this moment."""
        self.library = Library()
        self.stream = EventStream()
        self.logs = NodeLogs()
        self.values = ValueRegistry()
        self.cache = self._new_cache(cache_bytes, cache_folder, cache_policy)
        self._named: dict[str, GraphStore] = {}
        self.notices: dict[int, list[tuple[Literal["warning", "error"], str]]] = {}
        """What to tell whoever sees a graph first about where it came from, by the number of its store."""
        self._files: list[GraphFile] = []
        self._auto_runs: dict[int, AutoRun] = {}
        self._lock = Lock()
        self._progress = first_mode()
        self.lanes = Lanes(nodes.run_context)
        self.seeds = SeedBook()
        self.variables = NotebookVariables(self.values)
        self.library.variables = self.variables.shared
        self.costs = CostHistory(lambda: None if self.cache.disk is None else self.cache.disk.costs)
        self.queue = RunQueue(self, self._services(), max_records=history_records)
        self.worker = self.queue.worker

    def _new_cache(self, limit_bytes: int, folder: Path | None, policy: str) -> TieredCache:
        reserve_bytes = min(GIB, total_bytes() // 16)
        memory = MemoryCache(limit_bytes, available=available_bytes, reserve_bytes=reserve_bytes)
        disk = None if folder is None else DiskTier(folder, self.values)
        if disk is not None:
            disk.teach.append(nodes.register_codecs)
        cache = TieredCache(memory, disk)
        cache.policy = policy
        return cache

    def _services(self) -> Services:
        nodes.register(self.library.ports, self.values)
        self.library.define_all(nodes.builtin_nodes(self.folders, self.model_folders), origin=BUILTIN)
        return Services(
            cache=self.cache,
            values=self.values,
            stream=self.stream,
            resources={
                Folders: self.folders,
                ModelFolders: self.model_folders,
                type(self.pool): self.pool,
                type(self.previews): self.previews,
                Publisher: self.variables.publish,
            },
            around=nodes.run_context,
            lanes=self.lanes,
            is_out_of_memory=nodes.is_out_of_memory,
            reclaim=self.reclaim,
            on_output=self.logs.add,
        )

    @property
    def progress(self) -> ProgressMode:
        """Whether runs that code waits for show how far they are: ``auto``, ``on`` or ``off``; it may be set.

        ``auto``: in a notebook whose page does not show the graph's editor, and in a terminal. The environment variable
        NODEBOOK_PROGRESS says what it is at first. Setting it raises ``InputValueError`` for another word.
        """
        return self._progress

    @progress.setter
    def progress(self, mode: ProgressMode) -> None:
        self._progress = checked_mode(mode)

    def __repr__(self) -> str:
        return f"<session in {self.folder}>"

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        """Return what a cell shows: the folder, the device, and what queue, cache and pool hold."""
        bundle: dict[str, Any] = room("notebook.display.sessions").session_bundle(self)
        return bundle

    def reclaim(self) -> None:
        """Give back all memory that can be: kept results, models that nobody uses, then what torch holds ready."""
        self.cache.reclaim()
        self.pool.evict_unleased()
        nodes.give_back()

    def new_graph(self, state: GraphState | None = None) -> GraphStore:
        """Return a graph that nothing saves."""
        return self.variables.watch(GraphStore(self.library, state))

    def named_graph(self, name: str) -> tuple[GraphStore, list[str]]:
        """Return the graph of that name: the one this kernel has, or the one stored beside the notebook, or a new one.

        The second value says in words what was restored.
        """
        with self._lock:
            if name in self._named:
                return self._named[name], []
            file = GraphFile.open(self.folder, name, on_notice=lambda text: logger.warning("%s", text))
            restored = file.restore()
            copies = room("notebook.saved.copies")
            joined = copies.join(self, name, None if restored.source == "new" else restored.state)
            store = self.variables.watch(GraphStore(self.library, joined.state))
            if joined.is_other:
                file.put(joined.state)
            store.subscribe(lambda change: _record(file, change))
            copies.start_lineage(self, name, store)
            self._named[name] = store
            self._files.append(file)
            problems = [*restored.notices, *joined.notices]
            self.notices[store.number] = [
                *(("error", text) for text in problems),
                *(("warning", text) for text in joined.news),
            ]
            for text in joined.notices:
                logger.warning("%s", text)
            return store, [*problems, *joined.news]

    def has_named(self, name: str) -> bool:
        """Say whether this kernel has a graph of that name already."""
        return name in self._named

    def submit(
        self,
        store: GraphStore,
        targets: Iterable[str] | None = None,
        values: Mapping[tuple[str, str], Any] | None = None,
        *,
        priority: float = 0,
        front: bool = False,
    ) -> Job:
        """Plan a run of the graph as it is now, and queue it.

        Raises ``SessionClosedError``, and ``GraphPausedError`` where a run of the graph waits at a break.
        """
        refuse_if_paused(self.worker, store)
        wanted = None if targets is None else tuple(targets)
        seeds = self.seeds.draw(store, wanted, values or {})
        return self.queue.submit(self.prepare(store, wanted, values, priority, seeds), front=front)

    def prepare(
        self,
        store: GraphStore,
        targets: Iterable[str] | None = None,
        values: Mapping[tuple[str, str], Any] | None = None,
        priority: float = 0,
        seeds: Mapping[Key, int] | None = None,
    ) -> Job:
        """Plan a run of the graph as it is now, with the ``seeds`` drawn for it; the job is not queued yet."""
        wanted = None if targets is None else tuple(targets)
        edits = [set_seed(key, seed) for key, seed in (seeds or {}).items()]
        plan, state, problems = store.plan(self.lookup, wanted, values, edits=edits, for_run=True)
        plan_targets, flat = plan.targets, plan.state

        def lock() -> str:
            text: str = room("notebook.lock.making").planned_lock_text(flat, plan_targets, self)
            return text

        def replan() -> Plan:
            # Of the graph as it was: it may have been edited since.
            return GraphStore(self.library, state).plan(self.lookup, plan_targets, for_run=True)[0]

        return Job(store, plan, state, problems, replan, priority, values or {}, seeds or {}, lock=lock)

    def auto_run(self, store: GraphStore, options: AutoRunOptions | None) -> None:
        """Run a graph after each edit that changes what it makes, from now on; with None, no more."""
        with self._lock:
            old = self._auto_runs.pop(store.number, None)
            if options is not None:
                auto_run = AutoRun(store, lambda: self._again(store), self.queue.submit, options)
                auto_run.also(self.variables.subscribe(store, auto_run.wake))
                self._auto_runs[store.number] = auto_run
        if old is not None:
            old.close()
        self.queue.notify()

    def _again(self, store: GraphStore) -> Job:
        refuse_if_paused(self.worker, store)
        return self.prepare(store)

    def auto_run_options(self, store: GraphStore) -> AutoRunOptions | None:
        """Return how a graph is run after edits, None where it is not."""
        found = self._auto_runs.get(store.number)
        return None if found is None else found.options

    def plan(
        self,
        store: GraphStore,
        targets: Iterable[str] | None = None,
        values: Mapping[tuple[str, str], Any] | None = None,
    ) -> tuple[Plan, GraphState, list[Problem]]:
        """Plan what the next run would do, with the seeds that it will have."""
        wanted = None if targets is None else tuple(targets)
        given = values or {}
        coming = self.seeds.coming(store, wanted).items()
        edits = [set_seed(key, seed) for key, seed in coming if (key.node, key.input) not in given]
        return store.plan(self.lookup, wanted, given, edits=edits)

    def lookup(self, key: bytes) -> Entry | None:
        """Return a kept result, unless somebody who held it (a cell, say) has changed it in place since."""
        entry = self.cache.get(key)
        if entry is None or entry.versions is None or self.values.versions(entry.outputs) == entry.versions:
            return entry
        return self.cache.renew(key)

    def result(self, store: GraphStore, node_id: str) -> Entry | None:
        """Return what a node made in the graph's last run, if it is still held."""
        kept = store.results.get(node_id)
        if kept is not None:
            return kept
        key = self.run_key(store, node_id)
        return None if key is None else self.lookup(key)

    def run_key(self, store: GraphStore, node_id: str) -> bytes | None:
        """Return the key that a node had in the run that started last; None before any."""
        key = store.run_keys.get(node_id)
        if key is not None:
            return key
        with store.lock:
            return store.index().run_key(node_id)

    def close(self) -> None:
        """Cancel all runs, and write what is not on disk yet."""
        for auto_run in list(self._auto_runs.values()):
            auto_run.close()
        self.variables.close()
        self.queue.close()
        self.lanes.close()
        for file in self._files:
            file.close()
        self.costs.flush()
        self.cache.close()


def _record(file: GraphFile, change: Change) -> None:
    file.record(change.batch.label, change.batch.edits, change.state)


def _model_folders(folder: Path) -> ModelFolders:
    try:
        return ModelFolders.beside(folder)
    except ModelFolderError as error:  # a broken list of folders must not keep the kernel from working
        logger.warning("%s Its folders are left out.", error)
        return ModelFolders([folder / "models"])


def notebook_folder() -> Path:
    """Return the folder of the notebook that this kernel belongs to, or the working folder."""
    path = notebook_path()
    return Path.cwd() if path is None else path.parent


def notebook_path() -> Path | None:
    """Return the file of the notebook that this kernel belongs to, which need not be saved yet; None where none says.

    Jupyter Server tells it by the environment.
    """
    named = os.environ.get("JPY_SESSION_NAME", "")
    is_told = named.endswith(".ipynb") and Path(named).is_absolute() and Path(named).parent.is_dir()
    return Path(named) if is_told else None


SCRATCH_VARIABLE = "NODEBOOK_SCRATCH"


def scratch_folder() -> Path | None:
    """Return where this kernel writes in place of the notebook's folder, if ``NODEBOOK_SCRATCH`` names a folder."""
    named = os.environ.get(SCRATCH_VARIABLE, "").strip()
    return Path(named) if named else None


_current: Session | None = None
_current_lock = Lock()


def session() -> Session:
    """Return this kernel's session; the first call makes it."""
    global _current  # noqa: PLW0603 - the one composition root of a process
    with _current_lock:
        if _current is None:
            _current = Session(cache_folder=user_cache_folder(), scratch=scratch_folder())
            atexit.register(_current.close)
            if "IPython" in sys.modules:
                room("notebook.display.formatters").teach()
        return _current


def use_session(own: Session) -> Callable[[], None]:
    """Make ``own`` this process's session, for tests and embedding; returns a function that puts the old one back."""
    global _current
    with _current_lock:
        before, _current = _current, own

    def restore() -> None:
        global _current  # noqa: PLW0603 - see session()
        with _current_lock:
            _current = before

    return restore
