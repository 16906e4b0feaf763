"""Statements of the code that is read as a graph: what adds nodes and what changes them."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from itertools import count
from typing import Any

from nodebook.engine.literals import VariableRef
from nodebook.notebook.code.scope import Function, Handle, Scope
from nodebook.notebook.code.sketch import End, SketchDefinition, SketchNode
from nodebook.notebook.code.values import Refused, Values, kind_of
from nodebook.seeds import MODES

INPUT_TYPES = {bool: "InputBoolean", int: "InputInt", float: "InputFloat", str: "InputString"}
_FLOATS = frozenset({"nan", "inf", "-inf"})
_NEXT = "Keep to what builds the graph; run and look at it in another cell."


class Statements(Values):
    """Reads statements into a sketch."""

    def used(self, function: Function, scope: Scope) -> SketchDefinition:
        """Return the definition of a function, read when something first uses it."""
        raise NotImplementedError

    def statement(self, statement: ast.stmt, scope: Scope) -> None:
        """Read one statement."""
        match statement:
            case ast.Assign(targets=[target], value=ast.Call() as call) if self._makes_graph(call):
                self._graph(target, call, scope)
            case ast.Assign(targets=[target], value=value):
                self._bind(target, self._assigned(value, scope), scope)
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                return
            case ast.Expr(value=ast.Name(id=name)) if name == scope.graph_name:
                return  # shows the graph
            case ast.Expr(value=ast.Call() as call):
                self.call(call, scope)
            case ast.Expr(value=value):
                raise Refused(value, f"This does nothing to the graph. {_NEXT}")
            case _:
                raise Refused(statement, f"{kind_of(statement)} cannot be read: nothing here is executed. {_NEXT}")

    def _assigned(self, value: ast.expr, scope: Scope) -> Any:
        held = self.value(value, scope)
        return held if isinstance(held, (Handle, End)) else self.checked(value, held)

    def _makes_graph(self, call: ast.Call) -> bool:
        return self._public(call.func) == "Graph"

    def _public(self, node: ast.expr) -> str | None:
        """Return the public name of nodebook that an expression means."""
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in self.modules or module == "nb":
                return name
            case ast.Name(id=name):
                return self.imported.get(name)
        return None

    def decorator(self, node: ast.expr) -> str | None:
        """Return which decorator of nodebook an expression is."""
        return self._public(node.func if isinstance(node, ast.Call) else node)

    def _graph(self, target: ast.expr, call: ast.Call, scope: Scope) -> None:
        if scope.graph_name is not None or not isinstance(target, ast.Name):
            raise Refused(call, "The code makes a second graph. Expected one: g = nb.Graph().")
        given = [*call.args, *(each.value for each in call.keywords if each.arg == "name")]
        if len(given) != len(call.args) + len(call.keywords) or len(given) > 1:
            raise Refused(call, 'A graph is made with nb.Graph() or nb.Graph("name").')
        if given and not (isinstance(given[0], ast.Constant) and given[0].value is None):
            self.sketch.name = self.text(given[0], scope, "The name of a graph")
        scope.graph_name = target.id

    # Names

    def _bind(self, target: ast.expr, held: Any, scope: Scope) -> None:
        if isinstance(target, ast.Name):
            if target.id == scope.graph_name:
                raise Refused(target, f"{target.id} is the graph. Call the node something else.")
            scope.names[target.id] = held
            self._call_it(held, target.id)
        elif isinstance(target, (ast.Tuple, ast.List)) and all(isinstance(each, ast.Name) for each in target.elts):
            self._unpack(target, held, scope)
        else:
            raise Refused(target, "Only names can be assigned: node = g.add(...), or a, b = g.add(...).")

    def _unpack(self, target: ast.Tuple | ast.List, held: Any, scope: Scope) -> None:
        if not isinstance(held, Handle):
            raise Refused(target, "Only a node unpacks, into its outputs.")
        outputs, word = self.outputs(held.node), self.type_word(held.node)
        if outputs is None:
            raise Refused(
                target, f'The outputs of {word} are not known here. Keep the node, and name one: node["IMAGE"].'
            )
        if len(outputs) != len(target.elts):
            listed = ", ".join(outputs) or "none"
            raise Refused(
                target, f"{word} unpacks into {len(outputs)}, not {len(target.elts)}: its outputs are {listed}."
            )
        for name, output in zip(target.elts, outputs, strict=True):
            assert isinstance(name, ast.Name)  # noqa: S101 -- looked at above
            scope.names[name.id] = End(held.node, output)
        called = [name.id for name in target.elts if isinstance(name, ast.Name) and name.id != "_"]
        if called:
            self._call_it(held, called[0])

    @staticmethod
    def _call_it(held: Any, name: str) -> None:
        node = held.node if isinstance(held, (Handle, End)) else None
        if isinstance(node, SketchNode) and not node.key:
            node.key = name

    @staticmethod
    def finish(scope: Scope) -> None:
        """Give each node a key of its own; a variable that is used again is the first node's."""
        taken: set[str] = set()
        for node in scope.graph.nodes:
            word = node.key or (node.type if isinstance(node.type, str) else node.type.key)
            begin = word if node.key else f"{word}~1"
            node.key = next(
                each for turn in count(1) if (each := begin if turn == 1 else f"{word}~{turn}") not in taken
            )
            taken.add(node.key)

    # Calls

    def call(self, node: ast.Call, scope: Scope) -> Any:
        """Return what a call stands for; what it does to the graph is done."""
        match node.func:
            case ast.Name(id="float") if len(node.args) == 1 and not node.keywords:
                return self._float(node)
            case ast.Name(id=name) if name not in self.imported:
                return self._by_name(node, name, scope)
            case _ if self._public(node.func) == "variable" and len(node.args) == 1 and not node.keywords:
                return VariableRef(self.text(node.args[0], scope, "The name of a variable"))
            case ast.Attribute(value=ast.Name(id=name), attr=method) if name == scope.graph_name:
                found = self._graph_methods().get(method)
                if found is not None:
                    return found(node, scope)
                raise Refused(node, f"g.{method}(...) cannot be read: nothing here is executed. {_NEXT}")
            case ast.Attribute(value=held, attr=method) if self._public(node.func) is None:
                handle = self.value(held, scope)
                if not isinstance(handle, Handle):
                    raise Refused(node, f"Only a node has a method {method!r} here.")
                return self._method(node, handle, method, scope)
        raise Refused(node, f"This call cannot be read: nothing here is executed. {_NEXT}")

    def _graph_methods(self) -> dict[str, Callable[[ast.Call, Scope], Any]]:
        return {
            "add": self._add,
            "input": self._input,
            "missing": self._missing,
            "define": self._define,
            "bind": self._bind_named,
            "mute": lambda node, scope: self._modes(node, scope, "mute"),
            "bypass": lambda node, scope: self._modes(node, scope, "bypass"),
            "enable": lambda node, scope: self._modes(node, scope, None),
        }

    def _float(self, node: ast.Call) -> float:
        match node.args[0]:
            case ast.Constant(value=str(word)) if word in _FLOATS:
                return float(word)
        raise Refused(node, 'Only float("nan"), float("inf") and float("-inf") can be read. Write the number itself.')

    def _by_name(self, node: ast.Call, name: str, scope: Scope) -> Any:
        """Read a call of a node function, or of a subgraph's."""
        function = self.functions.get(name)
        if function is not None:
            definition = self.used(function, scope)
            return self._called(node, definition, [port["name"] for port in definition.inputs], scope)
        found = self.library.find(name)
        if found is None and name not in self.needed and hasattr(builtins, name):
            raise Refused(node, f"{name}(...) cannot be read: nothing here is executed. Write the value itself.")
        if found is None and name not in self.needed:
            raise Refused(
                node,
                f"{name} is no node function that this session knows. Run the cell that defines it first, or add its "
                f'node by name: g.add("{name}", ...).',
            )
        names = [] if found is None else [spec.name for spec in found.inputs]
        return self._called(node, name, names, scope)

    def _called(self, node: ast.Call, kind: str | SketchDefinition, names: list[str], scope: Scope) -> Handle:
        if len(node.args) > len(names):
            raise Refused(node, f"This call has {len(node.args)} values without a name. Give inputs by name.")
        positional = [ast.keyword(arg=name, value=each) for name, each in zip(names, node.args, strict=False)]
        made = self._new(node, kind, None, [*positional, *node.keywords], scope)
        if not made.links:
            raise Refused(node, "A node function adds a node when it is given an output. Add this one with g.add(...).")
        return Handle(made)

    def _add(self, node: ast.Call, scope: Scope) -> Handle:
        match node.args:
            case [kind]:
                title = None
            case [kind, given]:
                title = given
            case _:
                raise Refused(
                    node, 'A node is added with its type first, and inputs by name: g.add("Type", input=...).'
                )
        keywords = [each for each in node.keywords if each.arg != "title"]
        title = next((each.value for each in node.keywords if each.arg == "title"), title)
        word = None if title is None else self.literal(title, scope)
        if word is not None and not isinstance(word, str):
            raise Refused(node, f"The title of a node is text, got {word!r:.40}.")
        return Handle(self._new(node, self._kind(kind, scope), word, keywords, scope))

    def _kind(self, kind: ast.expr, scope: Scope) -> str | SketchDefinition:
        if isinstance(kind, ast.Name) and kind.id not in scope.names:
            if kind.id in self.functions:
                return self.used(self.functions[kind.id], scope)
            if kind.id in self.library or kind.id in self.needed:
                return kind.id
        return self.type_named(self.text(kind, scope, "The type of a node"))

    def _new(
        self,
        node: ast.Call,
        kind: str | SketchDefinition,
        title: str | None,
        keywords: list[ast.keyword],
        scope: Scope,
    ) -> SketchNode:
        made = SketchNode(kind, title=title)
        for name, expression in self._inputs(keywords, scope):
            held = self.value(expression, scope)
            if isinstance(held, (Handle, End)):
                made.links[name] = self.end(expression, held)
            else:
                made.values[name] = self.checked(expression, held)
        made.given = (dict(made.values), dict(made.links))
        if scope.graph_name is None:
            raise Refused(node, "There is no graph yet. Make one first: g = nb.Graph().")
        scope.graph.nodes.append(made)
        return made

    def _inputs(self, keywords: list[ast.keyword], scope: Scope) -> list[tuple[str, ast.expr]]:
        """Return inputs with their expressions; ``**{"a b": 1}`` gives names that are no names in Python."""
        found: dict[str, ast.expr] = {}
        for keyword in keywords:
            pairs: list[tuple[str, ast.expr]]
            if keyword.arg is not None:
                pairs = [(keyword.arg, keyword.value)]
            elif isinstance(keyword.value, ast.Dict):
                pairs = [
                    (self.text(key, scope, "The name of an input"), held)
                    for key, held in zip(keyword.value.keys, keyword.value.values, strict=True)
                    if key is not None
                ]
            else:
                raise Refused(keyword.value, 'After ** only inputs written out can be read: **{"a b": 1}.')
            for name, held in pairs:
                if name in found:
                    raise Refused(held, f"The input {name!r} is given twice.")
                found[name] = held
        return list(found.items())

    def _input(self, node: ast.Call, scope: Scope) -> End:
        given: dict[str | None, ast.expr] = dict(zip(("name", "default"), node.args, strict=False))
        given.update((each.arg, each.value) for each in node.keywords)
        if set(given) != {"name", "default"} or len(node.args) + len(node.keywords) != len(given):
            raise Refused(node, 'A named input has a name and a default: g.input("prompt", "a red circle").')
        name, default = self.text(given["name"], scope, "The name of an input"), self.literal(given["default"], scope)
        for each in scope.graph.nodes:
            if each.type in INPUT_TYPES.values() and each.values.get("name") == name:
                return End(each, "value")
        if type(default) not in INPUT_TYPES:
            raise Refused(node, f"The default of {name!r} must be text, a number or True/False, got {default!r:.40}.")
        values = {"name": name, "value": default}
        made = SketchNode(INPUT_TYPES[type(default)], title=name, values=values, given=(dict(values), {}))
        scope.graph.nodes.append(made)
        return End(made, "value")

    def _bind_named(self, node: ast.Call, scope: Scope) -> None:
        named = {each.values.get("name"): each for each in scope.graph.nodes if each.type in INPUT_TYPES.values()}
        for name, expression in self._inputs([] if node.args else node.keywords, scope):
            if name not in named:
                raise Refused(node, f"There is no named input {name!r} above. Make it with g.input({name!r}, ...).")
            named[name].values["value"] = self._variable(expression, scope)

    def _variable(self, node: ast.expr, scope: Scope) -> VariableRef:
        held = self.literal(node, scope)
        return held if isinstance(held, VariableRef) else VariableRef(self.text(node, scope, "The name of a variable"))

    def _missing(self, node: ast.Call, scope: Scope) -> End:
        if len(node.args) != 2 or node.keywords:  # noqa: PLR2004 - both are said in the message
            raise Refused(node, 'An output that is not there has a node and a name: g.missing("7", "IMAGE").')
        held = self.value(node.args[0], scope)
        output = self.text(node.args[1], scope, "The name of an output")
        if isinstance(held, (Handle, End)):
            return End(held.node, output)
        return End(self.text(node.args[0], scope, "The id of a node"), output)

    def _modes(self, node: ast.Call, scope: Scope, mode: str | None) -> None:
        for each in node.args:
            held = self.value(each, scope)
            if not isinstance(held, (Handle, End)) or isinstance(held.node, str) or node.keywords:
                raise Refused(each, "Expected nodes of this graph.")
            held.node.mode = mode

    def _method(self, node: ast.Call, handle: Handle, method: str, scope: Scope) -> Handle:
        made = handle.node
        match method, node.args:
            case (("mute" | "bypass" | "enable"), []) if not node.keywords:
                made.mode = None if method == "enable" else method
            case "rename", [title] if not node.keywords:
                word = self.literal(title, scope)
                made.title = word if word is None else self.text(title, scope, "A title")
            case "set", []:
                self._set(made, node, scope)
            case "bind", []:
                for name, expression in self._inputs(node.keywords, scope):
                    made.values[name] = self._variable(expression, scope)
                    made.links.pop(name, None)
            case "vary", []:
                for name, expression in self._inputs(node.keywords, scope):
                    mode = self.text(expression, scope, "How a seed varies")
                    if mode not in MODES:
                        raise Refused(expression, f"The seed {name!r} can be {', '.join(MODES)}, got {mode!r:.40}.")
                    made.vary[name] = mode
                made.vary = {name: mode for name, mode in made.vary.items() if mode != "fixed"}
            case _:
                raise Refused(node, f".{method}(...) cannot be read: nothing here is executed. {_NEXT}")
        return handle

    def _set(self, made: SketchNode, node: ast.Call, scope: Scope) -> None:
        for name, expression in self._inputs(node.keywords, scope):
            held = self.value(expression, scope)
            if isinstance(held, (Handle, End)):
                made.links[name] = self.end(expression, held)
                continue
            made.links.pop(name, None)
            if held is None:
                made.values.pop(name, None)
            else:
                made.values[name] = self.checked(expression, held)

    def _define(self, node: ast.Call, scope: Scope) -> None:
        match node.args:
            case [ast.Name(id=name)] if name in self.functions and not node.keywords:
                self.used(self.functions[name], scope)
            case _:
                raise Refused(node, "Expected the name of a function with @nb.subgraph: g.define(function).")
