"""What a code object says, without where it stands: comments, lines, files, docstrings and formatting do not count.

Operands are resolved to what they mean: a constant by its value and not by its place in a table, so that a docstring,
which only shifts that table, changes nothing. Python 3.11 specialises byte code while it runs; ``co_code``, which
``dis`` reads, is the code as it was compiled.
"""

from __future__ import annotations

import dis
import weakref
from bisect import bisect_left
from dataclasses import dataclass
from types import CodeType
from typing import Any

from nodebook.engine.fingerprint import digest, encode

Chain = tuple[str, ...]

_NO_DOCSTRING_FLAG = ~0x4000000  # CO_HAS_DOCSTRING, set by Python 3.13
_GLOBAL_READS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS", "LOAD_CLASSDEREF"})
_FREE_READS = frozenset({"LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"})
_ATTRIBUTE_READS = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_PREPARING = frozenset({"PUSH_NULL", "EXTENDED_ARG"})
_SAME = {"LOAD_METHOD": "LOAD_ATTR"}
"""How a call is prepared says nothing, and depends on whether the ``import`` of what is called is in the same source.
In a module it is; in a notebook each statement is a source of its own."""

_JUMPS = frozenset({*dis.hasjrel, *dis.hasjabs})
_DOC_READERS = frozenset({"__doc__", "getdoc"})
_CACHED = 10_000


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What a code object and those inside it are and read.

    ``reads``: names of globals, each with the attributes that follow it (``helpers.scale`` → ``("helpers", "scale")``);
    ``frees``: the same of closed-over names. ``imports``: modules that are imported while it runs.
    """

    digest: bytes
    reads: tuple[Chain, ...]
    frees: tuple[Chain, ...]
    imports: tuple[Chain, ...]
    reads_docs: bool


def code_facts(code: CodeType) -> CodeFacts:
    """Return the facts of a code object; they are kept as long as it lives."""
    # By identity: Python takes two code objects for equal whose digest may differ in their line tables only.
    known = _known.get(id(code))
    if known is not None and known[0]() is code:
        return known[1]
    facts = _read(code)
    if len(_known) > _CACHED:
        _known.clear()
    _known[id(code)] = (weakref.ref(code), facts)
    return facts


_known: dict[int, tuple[weakref.ref[CodeType], CodeFacts]] = {}


class _Reader:
    def __init__(self, code: CodeType) -> None:
        self.constants = code.co_consts
        # Without its constants, of which dis makes text: that takes long, and great numbers have none.
        bare = dis.Bytecode(code.replace(co_consts=(None,) * len(code.co_consts)))
        self.steps = [step for step in bare if step.opname not in _PREPARING]
        self._offsets = [step.offset for step in self.steps]
        self._handlers = bare.exception_entries  # type: ignore[attr-defined]  # typeshed leaves it out
        self.parts: list[bytes] = []
        self.reads: dict[Chain, None] = {}
        self.frees: dict[Chain, None] = {}
        self.imports: dict[Chain, None] = {}
        self.reads_docs = False

    def operand(self, step: dis.Instruction) -> bytes:
        value = step.argval
        if step.arg is not None and (step.opcode in dis.hasconst or step.opname == "KW_NAMES"):
            constant = self.constants[step.arg]
            return self.nested(constant) if isinstance(constant, CodeType) else encode(constant)
        if step.opcode in dis.hasname or step.opcode in dis.haslocal or step.opcode in dis.hasfree:
            # Of super() the lowest bits too: they say whether it has arguments.
            return f"{value} {(step.arg or 0) & 3 if step.opname == 'LOAD_SUPER_ATTR' else 0}".encode()
        return b"%d" % (self.place(value) if step.opcode in _JUMPS else step.arg or 0)

    def place(self, offset: int) -> int:
        """Return which step stands at an offset: steps that mean the same may be of different lengths."""
        return bisect_left(self._offsets, offset)

    def handlers(self) -> list[tuple[int, ...]]:
        """Return where exceptions are caught: from and to which step, the step that does it, and how."""
        return [
            (self.place(each.start), self.place(each.end), self.place(each.target), each.depth, int(each.lasti))
            for each in self._handlers
        ]

    def nested(self, code: CodeType) -> bytes:
        facts = code_facts(code)
        self.reads.update(dict.fromkeys(facts.reads))
        self.frees.update(dict.fromkeys(facts.frees))
        self.imports.update(dict.fromkeys(facts.imports))
        self.reads_docs = self.reads_docs or facts.reads_docs
        return facts.digest


def _read(code: CodeType) -> CodeFacts:
    reader = _Reader(code)
    steps = reader.steps
    for step in steps:
        opcode = dis.opmap.get(_SAME.get(step.opname, ""), step.opcode)
        reader.parts.append(b"%d %s" % (opcode, reader.operand(step)))
    for place, step in enumerate(steps):
        if step.opname in _GLOBAL_READS:
            reader.reads[_chain(steps, place)] = None
        if step.opname in _FREE_READS:
            reader.frees[_chain(steps, place)] = None
        if step.opname == "IMPORT_NAME":
            reader.imports[_imported(steps, place, code.co_consts)] = None
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & _NO_DOCSTRING_FLAG)
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    head = encode([code.co_name, *counts, parameters, reader.handlers()])
    return CodeFacts(
        digest=digest(head + encode(reader.parts)),
        reads=tuple(sorted(reader.reads)),
        frees=tuple(sorted(reader.frees)),
        imports=tuple(sorted(reader.imports)),
        reads_docs=reader.reads_docs or not _DOC_READERS.isdisjoint(code.co_names),
    )


def _chain(steps: list[dis.Instruction], place: int) -> Chain:
    """Return a name and the attributes that are taken from it at once."""
    names = [str(steps[place].argval)]
    for step in steps[place + 1 :]:
        if step.opname not in _ATTRIBUTE_READS:
            break
        names.append(str(step.argval))
    return tuple(names)


def _imported(steps: list[dis.Instruction], place: int, constants: tuple[Any, ...]) -> Chain:
    """Return a module that is imported, with a dot before it for each level up, and the names taken out of it."""
    before = steps[place - 2]
    level = constants[before.arg or 0] if before.opcode in dis.hasconst else before.arg
    names = ["." * (level or 0) + str(steps[place].argval)]
    for step in steps[place + 1 :]:
        if step.opname == "IMPORT_FROM":
            names.append(str(step.argval))
        elif not step.opname.startswith("STORE_"):
            break
    return tuple(names)
