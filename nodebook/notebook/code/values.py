"""Expressions of the code that is read as a graph: literals, and outputs of nodes."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from nodebook.engine.graph import INSTANCE
from nodebook.engine.library import BUILTIN, Library
from nodebook.engine.literals import VariableRef, tag
from nodebook.handles import NodeHandle, identifier
from nodebook.notebook.code.scope import Function, Handle, Scope
from nodebook.notebook.code.sketch import End, Sketch, SketchDefinition, SketchGraph, SketchNode

_FLOATS = {"nan", "inf", "-inf"}


class Refused(Exception):  # noqa: N818 - a signal within the reader
    """Code that is no part of the subset; ``node`` is where."""

    def __init__(self, node: ast.AST | None, message: str) -> None:
        super().__init__(message)
        self.node = node


class Values:
    """Evaluates expressions without executing anything."""

    def __init__(self, library: Library, needed: Mapping[str, list[str]]) -> None:
        self.library = library
        self.needed = needed
        self.sketch = Sketch()
        self.modules: set[str] = set()
        self.imported: dict[str, str] = {}
        self.functions: dict[str, Function] = {}

    def value(self, node: ast.expr, scope: Scope) -> Any:  # noqa: PLR0911 - one for each kind of expression
        """Return what an expression stands for: a literal, a handle or an output."""
        match node:
            case ast.Constant(value=held) if held is None or type(held) in (bool, int, float, str):
                return held
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self._signed(node, self.value(operand, scope))
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self._part(each, scope) for each in items]
            case ast.Dict():
                return self._mapping(node, scope)
            case ast.Name(id=name):
                return self._named(node, name, scope)
            case ast.Attribute(value=held, attr=name):
                return self._attribute(node, self.value(held, scope), name)
            case ast.Subscript(value=held, slice=index):
                return self._item(node, held, index, scope)
            case ast.Call():
                return self.call(node, scope)
        raise Refused(
            node,
            f"{kind_of(node)} cannot be read: nothing here is executed. Write the value, or an output of a node.",
        )

    def call(self, node: ast.Call, scope: Scope) -> Any:
        """Return what a call stands for."""
        raise NotImplementedError

    def literal(self, node: ast.expr, scope: Scope) -> Any:
        """Return a literal. Refuses an output of a node."""
        held = self.value(node, scope)
        if isinstance(held, (Handle, End)):
            raise Refused(node, "An output of a node cannot stand here: expected text, a number, a list or the like.")
        return held

    def _part(self, node: ast.expr, scope: Scope) -> Any:
        """Return a literal within another one."""
        held = self.literal(node, scope)
        if isinstance(held, VariableRef):
            raise Refused(node, "A variable of the notebook is a whole value, not a part of one. Bind the input to it.")
        return held

    def text(self, node: ast.expr, scope: Scope, what: str) -> str:
        """Return text."""
        held = self.literal(node, scope)
        if not isinstance(held, str):
            raise Refused(node, f"{what} must be text, got {held!r:.40}.")
        return held

    def checked(self, node: ast.expr, held: Any) -> Any:
        """Return a literal that a document can hold."""
        try:
            tag(held)
        except TypeError as error:
            raise Refused(node, f"This value cannot be kept: {error}.") from None
        return held

    def end(self, node: ast.expr, held: Any) -> End:
        """Return an output; a handle stands for its only one."""
        if isinstance(held, End):
            return held
        outputs = self.outputs(held.node)
        name = self.type_word(held.node)
        if outputs is None:
            raise Refused(
                node, f'The outputs of {name} are not known here. Say which one, for example handle["IMAGE"].'
            )
        if len(outputs) != 1:
            listed = ", ".join(outputs) or "none"
            raise Refused(node, f"{name} stands for no single output: its outputs are {listed}. Name one.")
        return End(held.node, outputs[0])

    def outputs(self, node: SketchNode) -> list[str] | None:
        """Return the names of a node's outputs, None where nobody knows them."""
        if isinstance(node.type, SketchDefinition):
            return [port["name"] for port in node.type.outputs]
        if node.type in self.needed:
            return self.needed[node.type]
        found = self.library.find(node.type)
        return None if found is None else [spec.name for spec in found.outputs]

    @staticmethod
    def type_word(node: SketchNode) -> str:
        """Return how a message calls a node."""
        return node.title or (node.type if isinstance(node.type, str) else node.type.name or node.type.key)

    def _signed(self, node: ast.UnaryOp, held: Any) -> Any:
        if type(held) not in (int, float):
            raise Refused(node, f"Only a number can have a sign, got {held!r:.40}.")
        return -held if isinstance(node.op, ast.USub) else held

    def _mapping(self, node: ast.Dict, scope: Scope) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, held in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                raise Refused(key or node, "The names in a dictionary must be text: a graph's document is JSON.")
            if key.value in found:
                raise Refused(key, f"The dictionary has {key.value!r} twice, so one of them would be lost.")
            found[key.value] = self._part(held, scope)
        return found

    def _named(self, node: ast.expr, name: str, scope: Scope) -> Any:
        if name in scope.names:
            return scope.names[name]
        if name == scope.graph_name:
            raise Refused(node, f"The graph {name} cannot stand here: expected a literal or an output of a node.")
        around = scope.module
        if around is not None and name in around.names:
            held = around.names[name]
            if not isinstance(held, (Handle, End)):
                return held
            raise Refused(
                node, f"{name} is a node outside this subgraph. Make it an input: a parameter of the function."
            )
        raise Refused(node, f"{name} is not defined above. Names stand for nodes, outputs and literals of this code.")

    def _attribute(self, node: ast.Attribute, held: Any, name: str) -> End:
        if not isinstance(held, Handle):
            raise Refused(node, f"Only a node has outputs as attributes; this has no {name!r}.")
        outputs = self.outputs(held.node)
        if outputs is None and not hasattr(NodeHandle, name):
            return End(held.node, name)
        for each in outputs or ():
            if not hasattr(NodeHandle, name) and name in (each, identifier(each)):
                return End(held.node, each)
        listed = ", ".join(outputs or ()) or "none"
        raise Refused(node, f"{self.type_word(held.node)} has no output {name!r}. Its outputs are: {listed}.")

    def _item(self, node: ast.Subscript, held: ast.expr, index: ast.expr, scope: Scope) -> Any:
        key = self.literal(index, scope)
        if isinstance(held, ast.Name) and held.id == scope.graph_name and held.id not in scope.names:
            return Handle(self._found(node, scope.graph, key))
        found = self.value(held, scope)
        if not isinstance(found, Handle) or not isinstance(key, str):
            raise Refused(node, 'Expected an output of a node by its name: handle["IMAGE"].')
        return End(found.node, key)

    def _found(self, node: ast.Subscript, graph: SketchGraph, key: Any) -> SketchNode:
        titled = [each for each in graph.nodes if self._title(each) == key]
        found = titled or [each for each in graph.nodes if each.type == key]
        if len(found) == 1:
            return found[0]
        why = f"{len(found)} nodes are" if found else "No node above is"
        raise Refused(node, f"{why} called {key!r:.60}. Keep the node in a variable where it is added, and use that.")

    def _title(self, node: SketchNode) -> str | None:
        if node.title or isinstance(node.type, SketchDefinition):
            return node.title or (node.type.name if isinstance(node.type, SketchDefinition) else None)
        found = self.library.find(node.type)
        return node.type if found is None else found.title

    def type_named(self, name: str) -> str | SketchDefinition:
        """Return the type that a name or a title means."""
        if name in self.needed or name in self.library or name.startswith(INSTANCE):
            return name
        named = [each for each in self.sketch.definitions if each.name == name]
        if len(named) == 1:
            return named[0]
        titled = [each for each in self.library if each.title == name and each.origin == BUILTIN]
        return titled[0].name if len(titled) == 1 else name


def kind_of(node: ast.AST) -> str:
    """Return how a message calls a piece of syntax."""
    words = {
        ast.JoinedStr: "A text with {...} in it", ast.BinOp: "A calculation", ast.Lambda: "A lambda",
        ast.ListComp: "A comprehension", ast.DictComp: "A comprehension", ast.GeneratorExp: "A comprehension",
        ast.Compare: "A comparison", ast.BoolOp: "A condition", ast.IfExp: "A condition", ast.Await: "await",
        ast.Starred: "A starred value", ast.Set: "A set", ast.NamedExpr: "An assignment inside an expression",
        ast.For: "A for loop", ast.While: "A while loop", ast.If: "An if", ast.With: "A with", ast.Try: "A try",
        ast.ClassDef: "A class", ast.AsyncFunctionDef: "An async function", ast.FunctionDef: "A function in here",
        ast.Delete: "del", ast.AugAssign: "A change in place", ast.Assert: "An assert", ast.Raise: "A raise",
    }  # fmt: skip
    return words.get(type(node), f"{type(node).__name__}")
