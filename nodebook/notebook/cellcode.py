"""What the code of a cell reads and makes, and the function that it becomes.

Names are found on the syntax tree, as Python itself scopes them: the cell is the body of a function. A name that the
cell reads before it has surely made it comes from outside; what it makes at its top level are its results.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType

from nodebook.engine.bytecode import code_facts
from nodebook.notebook.errors import CellNodeError

RESULT = "result"
"""Name of the output of a cell that only ends in an expression."""

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_TRIES: tuple[type[ast.AST], ...] = (ast.Try, *([ast.TryStar] if hasattr(ast, "TryStar") else []))


@dataclass(frozen=True)
class CellCode:
    """The code of a cell; lines count as they do in the cell."""

    tree: ast.Module
    filename: str
    reads: tuple[str, ...]
    """Names that come from outside, in the order of the first reading."""
    needs: frozenset[str]
    """Those of them that the cell makes too, so that they cannot be globals."""
    makes: tuple[str, ...]
    """Names that are assigned at the top level and do not start with ``_``, in order."""
    hints: dict[str, ast.expr]
    """Annotations of names that it makes."""
    is_async: bool
    is_generator: bool

    def function(self, name: str, inputs: Sequence[str], outputs: Sequence[str]) -> CodeType:
        """Compile a module that defines the function: it takes ``inputs`` and returns ``outputs``."""
        body = list(self.tree.body)
        if outputs:
            names: list[ast.expr] = [ast.Name(each, ast.Load()) for each in outputs]
            value = names[0] if len(names) == 1 else ast.Tuple(names, ast.Load())
            body.append(_at_end_of(body[-1], ast.Return(value)))
        return _compile(body, name, self.filename, inputs, is_async=self.is_async)


def read_cell(source: str, filename: str, first_line: int = 1) -> CellCode:
    """Read the code of a cell, whose first line is ``first_line`` of the file that stands for it.

    Raises ``SyntaxError``, and ``CellNodeError`` for code that can be no function.
    """
    tree = ast.parse("\n" * (first_line - 1) + source, filename)
    if all(isinstance(each, ast.Pass) or _is_text(each) for each in tree.body):
        raise CellNodeError("The cell has no code, so there is nothing to make a node of. Write some below %%node.")
    top = list(_top_level(tree.body))
    _refuse(top)
    makes = _made(tree.body)
    last = tree.body[-1]
    if not makes and isinstance(last, ast.Expr) and not isinstance(last.value, (ast.Yield, ast.YieldFrom)):
        made = ast.Assign([ast.Name(RESULT, ast.Store())], last.value)
        tree.body[-1] = ast.fix_missing_locations(ast.copy_location(made, last))
        makes = (RESULT,)
    is_async = any(_waits(each) for each in top)
    is_generator = any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in top)
    if is_async and is_generator:
        raise CellNodeError("The cell has both await and yield. A node that shows previews calls nb.preview(picture).")
    code = _function_of(_compile(tree.body, "cell", filename, (), is_async=is_async))
    local = frozenset(code.co_varnames) | frozenset(code.co_cellvars)
    early = _Flow(local).early(tree.body)
    outside = early | {chain[0] for chain in code_facts(code).reads}
    reads = tuple(name for name in _names_in_order(tree) if name in outside)
    return CellCode(tree, filename, reads, frozenset(early), makes, _annotations(tree.body), is_async, is_generator)


def _compile(body: list[ast.stmt], name: str, filename: str, inputs: Iterable[str], *, is_async: bool) -> CodeType:
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg(each) for each in inputs], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    kind = ast.AsyncFunctionDef if is_async else ast.FunctionDef
    function = kind(name=name, args=arguments, body=body, decorator_list=[])
    if hasattr(function, "type_params"):
        function.type_params = []
    function.lineno = function.end_lineno = body[0].lineno
    function.col_offset = function.end_col_offset = 0
    module = ast.Module([function], [])
    return compile(ast.fix_missing_locations(module), filename, "exec", dont_inherit=True)


def _function_of(module: CodeType) -> CodeType:
    return next(each for each in module.co_consts if isinstance(each, CodeType))


def _at_end_of(before: ast.stmt, statement: ast.stmt) -> ast.stmt:
    line = before.end_lineno or before.lineno
    for each in ast.walk(statement):
        if isinstance(each, (ast.stmt, ast.expr)):
            each.lineno = each.end_lineno = line
            each.col_offset = each.end_col_offset = 0
    return statement


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _top_level(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield all that is run with the cell itself, and not inside a function or class of it."""
    stack = list(body)[::-1]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, _SCOPES):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))


def _refuse(top: Iterable[ast.AST]) -> None:
    for each in top:
        if isinstance(each, ast.Return):
            raise CellNodeError(
                f"Line {each.lineno} returns, but a cell has no caller: its outputs are the variables that it makes. "
                "Assign the value to a name instead."
            )
        if isinstance(each, (ast.Global, ast.Nonlocal)):
            raise CellNodeError(
                f"Line {each.lineno} declares {', '.join(each.names)} global, but a node gets its inputs and gives its "
                "outputs, and changes no variable of the notebook. Take that line out."
            )


def _waits(node: ast.AST) -> bool:
    if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)):
        return True
    return isinstance(node, _COMPREHENSIONS) and any(each.is_async for each in node.generators)


def _made(body: list[ast.stmt]) -> tuple[str, ...]:
    """Return the names that the cell assigns for itself: not those of loops, imports, functions and classes."""
    made: dict[str, None] = {}
    for each in _top_level(body):
        if isinstance(each, ast.Assign):
            targets: list[ast.expr] = each.targets
        elif isinstance(each, ast.AugAssign) or (isinstance(each, ast.AnnAssign) and each.value is not None):
            targets = [each.target]
        elif isinstance(each, ast.Delete):
            for target in each.targets:
                made.pop(getattr(target, "id", ""), None)
            continue
        else:
            continue
        for target in targets:
            names = (part.id for part in ast.walk(target) if isinstance(part, ast.Name) and _is_store(part))
            made.update(dict.fromkeys(name for name in names if not name.startswith("_")))
    return tuple(made)


def _is_store(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _annotations(body: list[ast.stmt]) -> dict[str, ast.expr]:
    found = [each for each in _top_level(body) if isinstance(each, ast.AnnAssign)]
    return {each.target.id: each.annotation for each in found if isinstance(each.target, ast.Name)}


def _names_in_order(tree: ast.Module) -> dict[str, None]:
    names = [each for each in ast.walk(tree) if isinstance(each, ast.Name)]
    return dict.fromkeys(each.id for each in sorted(names, key=lambda each: (each.lineno, each.col_offset)))


class _Flow:
    """Finds names that are read before they were surely assigned.

    Of two branches only what both assign is sure; a loop, and the body of a ``try``, is taken to run.
    """

    def __init__(self, local: frozenset[str]) -> None:
        self._local = local
        self._early: dict[str, None] = {}
        self._sure: set[str] = set()
        self._shadowed: list[set[str]] = []

    def early(self, body: list[ast.stmt]) -> set[str]:
        self._block(body)
        return set(self._early)

    def _block(self, body: Iterable[ast.stmt]) -> bool:
        """Walk statements; return whether the end of them is never reached."""
        for statement in body:
            self._statement(statement)
            if isinstance(statement, _ENDS):
                return True
        return False

    def _statement(self, node: ast.stmt) -> None:  # noqa: C901 -- one for each kind of statement
        if isinstance(node, ast.AugAssign):
            self._expression(node.target)
            self._read(node.target)
            self._expression(node.value)
            self._bind(node.target)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            if node.value is not None:
                self._expression(node.value)
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    self._expression(target)
                    self._bind(target)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for each in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
                self._expression(each)
            self._sure.add(node.name)
        elif isinstance(node, ast.ClassDef):
            for child in ast.iter_child_nodes(node):
                self._expression(child)
            self._sure.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self._sure.update((each.asname or each.name).partition(".")[0] for each in node.names)
        elif isinstance(node, ast.Delete):
            for each in node.targets:
                self._expression(each)
                self._read(each)
                self._sure.discard(getattr(each, "id", ""))
        else:
            self._compound(node)

    def _compound(self, node: ast.stmt) -> None:  # noqa: C901 -- one for each kind of statement
        if isinstance(node, ast.If):
            self._expression(node.test)
            self._branches([node.body, node.orelse])
        elif isinstance(node, ast.Match):
            self._expression(node.subject)
            bodies = []
            for case in node.cases:
                names = [getattr(each, "name", None) or getattr(each, "rest", None) for each in ast.walk(case.pattern)]
                self._sure.update(name for name in names if name)
                bodies.append(case.body)
            last = node.cases[-1].pattern
            is_whole = isinstance(last, ast.MatchAs) and last.pattern is None  # case _: or case name:
            self._branches(bodies if is_whole else [*bodies, []])
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self._expression(node.iter)
            self._bind(node.target)
            self._block(node.body)
            self._block(node.orelse)
        elif isinstance(node, ast.While):
            self._expression(node.test)
            self._block(node.body)
            self._block(node.orelse)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                self._expression(item.context_expr)
                if item.optional_vars is not None:
                    self._bind(item.optional_vars)
            self._block(node.body)
        elif isinstance(node, _TRIES):
            self._try(node)
        else:
            for each in ast.iter_child_nodes(node):
                self._expression(each)

    def _try(self, node: ast.AST) -> None:
        before = set(self._sure)
        self._block(node.body)  # type: ignore[attr-defined]  # both kinds of try have it
        self._block(node.orelse)  # type: ignore[attr-defined]
        after = self._sure
        for handler in node.handlers:  # type: ignore[attr-defined]
            self._sure = before | ({handler.name} if handler.name else set())
            if handler.type is not None:
                self._expression(handler.type)
            self._block(handler.body)
        self._sure = after
        self._block(node.finalbody)  # type: ignore[attr-defined]

    def _branches(self, bodies: list[list[ast.stmt]]) -> None:
        before, ends = set(self._sure), []
        for body in bodies:
            self._sure = set(before)
            if not self._block(body):
                ends.append(self._sure)
        self._sure = set.intersection(*ends) if ends else before

    def _expression(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self._read(node)
        elif isinstance(node, ast.NamedExpr):
            self._expression(node.value)
            self._bind(node.target)
        elif isinstance(node, (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef)):
            for each in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
                self._expression(each)
        elif isinstance(node, _COMPREHENSIONS):
            targets = [part for each in node.generators for part in ast.walk(each.target)]
            self._expression(node.generators[0].iter)
            self._shadowed.append({part.id for part in targets if isinstance(part, ast.Name)})
            for child in ast.iter_child_nodes(node):
                self._expression(child)
            self._shadowed.pop()
        else:
            for child in ast.iter_child_nodes(node):
                self._expression(child)

    def _read(self, node: ast.AST) -> None:
        name = getattr(node, "id", None)
        if name in self._local and name not in self._sure and not any(name in each for each in self._shadowed):
            self._early[str(name)] = None

    def _bind(self, target: ast.AST) -> None:
        self._sure.update(each.id for each in ast.walk(target) if isinstance(each, ast.Name) and _is_store(each))
