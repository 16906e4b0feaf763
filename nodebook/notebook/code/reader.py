"""Reading Python code as a graph: parsed and looked at, never executed.

The code is a strict part of Python, of what builds a graph with nodebook: assignments, calls of the graph's and of the
nodes' methods, literals, and functions of ``nb.subgraph``. Anything else is refused with its place.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import warnings
from collections.abc import Mapping
from typing import NoReturn

from nodebook.engine.library import Library
from nodebook.notebook.code.scope import Function, Scope
from nodebook.notebook.code.sketch import Sketch
from nodebook.notebook.code.subgraphs import Subgraphs
from nodebook.notebook.code.values import Refused
from nodebook.notebook.errors import GraphCodeError

MAX_CODE_BYTES = 32 * 1024 * 1024
_NEEDS = re.compile(r'# needs: ("(?:[^"\\]|\\.)*") -> (\[.*\])\s*')
_HEADING = ("#", "import ", "from ")
ALLOWED = (
    'Allowed are: g = nb.Graph(), node = g.add("Type", input=value), g.input(name, default), node.set(...), .mute(), '
    ".bypass(), .rename(), .vary(), literals, outputs of nodes, and functions with @nb.subgraph."
)


def read_code(code: str, library: Library, name: str = "the code") -> Sketch:
    """Return what code says of a graph. ``name``: of the file, for messages. Raises ``GraphCodeError``."""
    tree = _parsed(code, name)
    try:
        return _Reader(library, needed_types(code)).read(tree)
    except Refused as refused:
        _refuse(code, name, refused.node, str(refused))
    except RecursionError:
        raise GraphCodeError(f"{name} is nested too deeply to be read. {ALLOWED}") from None


def needed_types(code: str) -> dict[str, list[str]]:
    """Return the outputs of node types that the head of the code says it needs: ``# needs: "tint" -> ["IMAGE"]``."""
    found: dict[str, list[str]] = {}
    for line in code.split("\n"):
        if line.strip() and not line.startswith(_HEADING):
            break
        match = _NEEDS.fullmatch(line)
        if match is None:
            continue
        try:
            type_name, outputs = json.loads(match[1]), json.loads(match[2])
        except (ValueError, RecursionError):
            continue
        if isinstance(outputs, list) and all(isinstance(each, str) for each in outputs):
            found[type_name] = outputs
    return found


def _parsed(code: str, name: str) -> ast.Module:
    size = len(code.encode("utf-8", "surrogatepass"))
    if size > MAX_CODE_BYTES:
        raise GraphCodeError(
            f"{name} is {size // 2**20} MiB of code; at most {MAX_CODE_BYTES // 2**20} MiB are read. Save large "
            "values to files and load them with nodes."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in text is the reader's matter, not the caller's
            return ast.parse(code)
    except SyntaxError as error:
        line = error.lineno or 1
        if re.search(r"^(<{7} |={7}$|>{7} )", code, re.MULTILINE):
            raise GraphCodeError(
                f"{name} holds the marks of an unfinished git merge (at line {line}). Resolve the merge, then read it.",
                line,
            ) from None
        raise GraphCodeError(
            _placed(code, name, line, error.offset or 1, f"This is no Python: {error.msg}."), line
        ) from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise GraphCodeError(f"{name} cannot be parsed: {str(error) or 'it is nested too deeply'}.") from None


def _refuse(code: str, name: str, node: ast.AST | None, message: str) -> NoReturn:
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
    raise GraphCodeError(_placed(code, name, line, column, message), line, column) from None


def _placed(code: str, name: str, line: int, column: int, message: str) -> str:
    lines = code.split("\n")
    source = lines[line - 1] if line <= len(lines) else ""
    start = max(0, column - 60)
    shown = source[start : start + 120].rstrip()
    return f"{name}, line {line}, column {column}: {message}\n    {shown}\n    {' ' * (column - 1 - start)}^"


class _Reader(Subgraphs):
    """Reads a module: its imports, its functions, and the statements that build the graph."""

    def __init__(self, library: Library, needed: Mapping[str, list[str]]) -> None:
        super().__init__(library, needed)
        self.module = Scope(self.sketch.graph)

    def read(self, tree: ast.Module) -> Sketch:
        for statement in tree.body:
            if isinstance(statement, ast.FunctionDef):
                self._function(statement)
        for statement in tree.body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                self._import(statement)
            elif not isinstance(statement, ast.FunctionDef):
                self.statement(statement, self.module)
        if self.module.graph_name is None:
            raise Refused(None, f"No graph is made. Begin with g = nb.Graph(). {ALLOWED}")
        self.finish(self.module)
        return self.sketch

    def _import(self, statement: ast.Import | ast.ImportFrom) -> None:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if alias.name != "nodebook":
                    raise Refused(
                        statement, f"Only nodebook may be imported, got {alias.name!r}: nothing here is executed."
                    )
                self.modules.add(alias.asname or alias.name)
        elif statement.module == "nodebook" and not statement.level:
            for alias in statement.names:
                self.imported[alias.asname or alias.name] = alias.name
        elif statement.module != "__future__":
            raise Refused(
                statement, f"Only nodebook may be imported, got {statement.module!r}: nothing here is executed."
            )

    def _function(self, statement: ast.FunctionDef) -> None:
        name = statement.name
        kinds = [self.decorator(each) for each in statement.decorator_list]
        if kinds == ["node"]:
            return  # its body is not needed to know where it stands
        if kinds != ["subgraph"]:
            raise Refused(statement, f"The function {name} builds no subgraph. Write @nb.subgraph above it. {ALLOWED}")
        if name in self.functions:
            raise Refused(statement, f"The function {name} is there twice. Give one another name.")
        self.functions[name] = Function(statement, inspect.cleandoc(ast.get_docstring(statement, clean=False) or ""))
