"""``%load_ext nodebook``: ``%%node`` makes the cell below it a node."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from nodebook.errors import NodebookError
from nodebook.functions import node
from nodebook.notebook.cellcode import read_cell
from nodebook.notebook.cellnode import Wanted, define, make_function
from nodebook.notebook.errors import CellNodeError, CellSyntaxError
from nodebook.sessions import session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nodebook.engine.node import NodeFunction
    from nodebook.engine.nodetype import InputSpec, NodeType


_TREE_ONLY = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


class MadeNode:
    """What ``%%node`` shows: the node with its inputs and outputs, and what the cell uses beside them."""

    def __init__(self, function: NodeFunction[..., Any], node_type: NodeType, outside: tuple[str, ...]) -> None:
        self.function = function
        self._type = node_type
        self._outside = outside

    def __repr__(self) -> str:
        inputs = ", ".join(map(_input_words, self._type.inputs)) or "nothing"
        outputs = ", ".join(_port_words(spec.name, spec.port) for spec in self._type.outputs) or "nothing"
        lines = [f"node {self._type.name}: {inputs} → {outputs}"]
        if self._outside:
            lines.append(f"  part of its code: {', '.join(self._outside)}")
        return "\n".join(lines)


def _input_words(spec: InputSpec) -> str:
    words = _port_words(spec.name, spec.port)
    return words if spec.is_required else f"{words} = {spec.default!r}"


def _port_words(name: str, port: str) -> str:
    return name if port == "*" else f"{name} ({port})"


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CellNodeError(f"{message[0].upper()}{message[1:]}. {self.format_usage().strip()}")


def _parser() -> ArgumentParser:
    parser = _Parser(prog="%%node", usage="%%%%node [name] [--inputs a,b] [--outputs c,d] [--title T] [--category C] "
                     "[--output-node] [--no-cache]", add_help=False)  # fmt: skip
    parser.add_argument("name", nargs="?")
    parser.add_argument("--inputs", type=_names)
    parser.add_argument("--outputs", type=_names)
    parser.add_argument("--title")
    parser.add_argument("--category")
    parser.add_argument("--output-node", action="store_true")
    parser.add_argument("--no-cache", action="store_true")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def parse_line(line: str) -> Wanted:
    """Return what the line after ``%%node`` asks for. Raises ``CellNodeError``."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise CellNodeError(f"The line of %%node cannot be read: {error}. Close the quotes around a title.") from None
    found = _parser().parse_args(words)
    options: dict[str, Any] = {"is_output": found.output_node, "cache": not found.no_cache}
    options.update({name: text for name in ("title", "category") if (text := getattr(found, name)) is not None})
    return Wanted(found.name, found.inputs, found.outputs, options)


def node_magic(shell: InteractiveShell) -> Callable[[str, str], MadeNode]:
    """Return ``%%node`` for a shell."""

    def make_node(line: str, cell: str) -> MadeNode:
        """Make the cell a node of this session; running it again redefines that.

        %%node [name] [--inputs a,b] [--outputs c,d] [--title T] [--category C] [--output-node] [--no-cache]

        The variables that the cell reads are the inputs, with the types and, for numbers and text, the defaults that
        they have now; those that it makes at its top level are the outputs. Functions, classes and modules that it
        uses stay where they are, and count as part of its code. --inputs and --outputs choose among them: other
        variables that it reads are part of its code too. An annotation gives an output its type
        (``sharp: PIL.Image.Image = ...``). ``await`` makes it async; what ``yield`` gives is shown on the node while it
        runs. --output-node: it runs without anything after it; --no-cache: it runs each time. The node is a variable of
        its name: call it with outputs of a graph, as a function with @nb.node.
        """
        wanted = parse_line(line)
        try:
            return _define(shell, wanted, line, cell)
        except NodebookError as error:
            _say_what_stays(error, wanted.name)
            raise

    return make_node


def _define(shell: InteractiveShell, wanted: Wanted, line: str, cell: str) -> MadeNode:
    source, filename = _source(shell, line, cell)
    try:
        code = read_cell(source, filename, first_line=2)
        made = make_function(code, wanted, shell.user_ns)
    except SyntaxError as error:
        raise CellSyntaxError(error.msg, (error.filename, error.lineno, error.offset, error.text)) from None
    function = define(made, wanted.options, node)
    shell.user_ns[function.type_name] = function
    return MadeNode(function, session().library.get(function.type_name), made.outside)


def _source(shell: InteractiveShell, line: str, cell: str) -> tuple[str, str]:
    """Return the code as Python, and the file that stands for the cell in tracebacks."""
    source = cell
    try:
        compile(source, "<cell>", "exec", _TREE_ONLY, dont_inherit=True)
    except SyntaxError:
        # Lines such as !ls and %time are no Python yet; IPython drops empty lines at the top meanwhile.
        empty = len(cell) - len(cell.lstrip("\n"))
        transformed: str = shell.transform_cell(cell)  # type: ignore[no-untyped-call]  # IPython has no annotation there
        source = "\n" * empty + transformed
    whole = f"%%node {line}\n{source}"
    return source, shell.compile.cache(whole, _cell_number(shell), raw_code=whole)


def _cell_number(shell: InteractiveShell) -> int:
    """Return the number of the cell that runs: when it is counted depends on the version of IPython."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 -- the only way to ask who calls
    while frame is not None:
        label = shell.compile.format_code_name(frame.f_code.co_filename)
        found = re.search(r"\[(\d+)\]", label[1]) if label and label[0] == "Cell" else None
        if found:
            return int(found[1])
        frame = frame.f_back
    return int(shell.execution_count)


def _say_what_stays(error: BaseException, name: str | None) -> None:
    """Say that a definition which failed leaves the one before it as it was."""
    library = session().library
    if name is None or name not in library or library.get(name).origin != "notebook":
        return
    words = f" The node {name} stays as it was before."
    if isinstance(error, SyntaxError):
        error.msg = f"{error.msg}.{words}"
    elif error.args:
        error.args = (f"{error.args[0]}{words}", *error.args[1:])


def load(shell: InteractiveShell) -> None:
    """Register the magics."""
    register: Any = shell.register_magic_function  # a decorator hides its signature
    register(node_magic(shell), magic_kind="cell", magic_name="node")
