"""What differs between a lock and the present (files, packages, code, seeds), and where to get what is missing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from nodebook.notebook.lock.files import Named, find_file, lock_file
from nodebook.notebook.lock.format import Lock, LockedFile, LockedType
from nodebook.notebook.lock.hashes import FileHashes
from nodebook.notebook.lock.here import environment, locked_type, package_version
from nodebook.tables import bytes_text

if TYPE_CHECKING:
    from nodebook.sessions import Session

State = Literal["changed", "missing"]

_DIGITS = 12
_SHOWN_LINES = 12


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the lock has it."""

    kind: str
    """``model``, ``input``, ``package``, ``source``, ``seed``, ``variable``, ``graph`` or ``environment``."""
    which: str
    state: State
    locked: str
    now: str
    advice: str = ""
    """How to get what is missing, or more about what changed."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    def __str__(self) -> str:
        what = f"{self.kind} {self.which}".rstrip()
        if self.state == "missing":
            return f"{what} is missing (locked: {self.locked}). {self.advice}".rstrip()
        text = f"{what}: {self.locked} → {self.now}"
        if not self.advice:
            return text
        return f"{text}{self.advice}" if self.advice.startswith("\n") else f"{text}. {self.advice}"


def differences_here(lock: Lock, session: Session | None = None) -> list[Difference]:
    """Return what is different in this process: files, packages, code of node types, the machine."""
    from nodebook.sessions import session as current

    session = session or current()
    return [
        *_files(lock.files, session),
        *_types(lock.types, session),
        *_packages(lock.packages),
        *_values("environment", lock.environment, environment(session)),
    ]


def differences_between(locked: Lock, now: Lock) -> list[Difference]:
    """Return what two runs had that is not looked up on the machine: seeds, variables, the graph itself."""
    found = [*_values("seed", locked.seeds, now.seeds), *_values("variable", locked.variables, now.variables)]
    if now.outcome is not None and locked.document != now.document:
        found.append(Difference("graph", "", "changed", _cut(locked.document), _cut(now.document), _nodes(locked, now)))
    return found


def _nodes(locked: Lock, now: Lock) -> str:
    gone = [node for node in locked.nodes if node not in now.nodes]
    new = [node for node in now.nodes if node not in locked.nodes]
    other = [node for node, each in locked.nodes.items() if node in now.nodes and now.nodes[node].type != each.type]
    told = [
        f"{words} {', '.join(ids)}" for words, ids in (("without", gone), ("with", new), ("other types:", other)) if ids
    ]
    return f"Nodes: {'; '.join(told)}." if told else "The same nodes, with other values or links."


def _files(files: Mapping[str, LockedFile], session: Session) -> Iterator[Difference]:
    disk = session.cache.disk
    hashes = FileHashes(None if disk is None else disk.folder)
    for place, file in files.items():
        which = f"{file.name} ({place})"
        path = find_file(session, file)
        now = None if path is None else lock_file(Named(file.kind, file.name, file.category, path), hashes, wait=True)
        if now is None:
            yield Difference(file.kind, which, "missing", _told(file), "not found", _where(file, session))
        elif not _is_same(file, now):
            yield Difference(file.kind, which, "changed", _told(file), _told(now), _origin(file))


def _is_same(file: LockedFile, now: LockedFile) -> bool:
    if file.sha256 is not None and now.sha256 is not None:
        return file.sha256 == now.sha256
    if file.xxh3 is not None and now.xxh3 is not None:
        return file.xxh3 == now.xxh3
    return file.bytes == now.bytes


def _told(file: LockedFile) -> str:
    if file.sha256 is not None:
        content = f"SHA-256 {_cut(file.sha256)}"
    else:
        content = "content not known" if file.xxh3 is None else f"xxh3 {_cut(file.xxh3)}"
    return f"{content}, {bytes_text(file.bytes)}"


def _where(file: LockedFile, session: Session) -> str:
    content = f" (SHA-256 {file.sha256})" if file.sha256 is not None else ""
    if file.kind == "model":
        folders = session.model_folders.folders(file.category) if file.category is not None else ()
        into = f" into {folders[0]}, or set NODEBOOK_MODELS to a folder that has it" if folders else ""
        return f"Put {file.name}{content}{into}.{_origin(file, before=' ')}"
    return f"Put {file.name}{content} into {session.folders.input}."


def _origin(file: LockedFile, before: str = "") -> str:
    return "" if file.source is None else f"{before}Its header says where it is from: {file.source}"


def _types(types: Mapping[str, LockedType], session: Session) -> Iterator[Difference]:
    for name, locked in types.items():
        node_type = session.library.find(name)
        if node_type is None:
            advice = f"Run the cell that defines it, or import {locked.module}."
            if locked.module != "__main__":
                advice = f"Install the package that has the module {locked.module}, and import it."
            yield Difference("source", name, "missing", _code(locked), "not defined", advice)
            continue
        now = locked_type(node_type)
        if not _is_same_code(locked, now):
            yield Difference("source", name, "changed", _code(locked), _code(now), _text_change(locked, now))


def _is_same_code(locked: LockedType, now: LockedType) -> bool:
    if locked.portable and now.portable:
        return locked.code == now.code
    return locked.source == now.source


def _code(each: LockedType) -> str:
    return f"code {_cut(each.code)}" if each.code else f"text {_cut(each.source or '')}"


def _text_change(locked: LockedType, now: LockedType) -> str:
    if locked.source == now.source:
        return "Its own text is the same: what it reads (a helper, a value, a package, Python) has changed."
    if not (locked.text and now.text):
        return ""
    lines = [
        line
        for line in difflib.unified_diff(locked.text, now.text, lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    return "\n" + "\n".join(f"    {line}" for line in lines[:_SHOWN_LINES])


def _packages(packages: Mapping[str, str]) -> Iterator[Difference]:
    for name, version in packages.items():
        now = package_version(name)
        advice = f"pip install '{name}=={version.partition('+')[0]}'"
        if now is None:
            yield Difference("package", name, "missing", version, "not installed", advice)
        elif now != version:
            own = name == "nodebook" and now.partition("+")[0] == version.partition("+")[0]
            yield Difference("package", name, "changed", version, now, "Another checkout." if own else advice)


def _values(kind: str, locked: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for name in _names(locked, now):
        before, after = locked.get(name), now.get(name)
        if before != after:
            told = ["none" if each is None else str(each) for each in (before, after)]
            told = [_cut(each) for each in told] if kind == "variable" else told
            yield Difference(kind, name, "changed", told[0], told[1])


def _names(*maps: Mapping[str, Any]) -> Iterable[str]:
    return dict.fromkeys(name for each in maps for name in each)


def _cut(text: str) -> str:
    return text[:_DIGITS]
