"""Subgraphs of the code that is read as a graph: functions, of which the body is read like any other statements."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from nodebook.engine.graph import SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS
from nodebook.errors import InputValueError
from nodebook.notebook.code.scope import Function, Handle, Scope
from nodebook.notebook.code.sketch import INPUTS_KEY, OUTPUTS_KEY, End, SketchDefinition, SketchGraph, SketchNode
from nodebook.notebook.code.statements import Statements
from nodebook.notebook.code.values import Refused
from nodebook.subgraphs import UNSAID, input_port, output_ports, outputs_of, typed, words

_PORTS = {"int": "INT", "float": "FLOAT", "str": "STRING", "bool": "BOOLEAN", "Image": "IMAGE", "Mask": "MASK"}


class Subgraphs(Statements):
    """Reads functions of ``nb.subgraph`` into definitions."""

    def used(self, function: Function, scope: Scope) -> SketchDefinition:
        """Return the definition of a function, read when something first uses it."""
        if function.definition is None:
            function.definition = self._definition(function, scope.module or scope)
            self.sketch.definitions.append(function.definition)
        return function.definition

    def _definition(self, function: Function, module: Scope) -> SketchDefinition:
        statement = function.statement
        name, doc, bare = self._said(statement, function.doc, module)
        made = function.definition = SketchDefinition(statement.name, name, doc)
        parameters = self._parameters(statement, module)
        made.inputs = [port for _, port in parameters]
        declared = self._declared(statement, module)
        made.outputs = declared or []
        scope = Scope(SketchGraph(), statement.args.args[0].arg, module=module)
        boundary = SketchNode(SUBGRAPH_INPUTS, INPUTS_KEY)
        scope.names = {each: None if bare else End(boundary, port["name"]) for each, port in parameters}
        returned = self._body(statement, scope)
        self.finish(scope)
        made.graph = scope.graph
        if not bare:
            found = self._returned(statement, returned, declared, scope)
            if declared is None:
                made.outputs = [self._port(each, end) for each, end in found if end is not None]
            links = {port["name"]: end for port, (_, end) in zip(made.outputs, found, strict=False) if end is not None}
            made.graph.nodes += [boundary, SketchNode(SUBGRAPH_OUTPUTS, OUTPUTS_KEY, links=links)]
        return made

    def _said(self, statement: ast.FunctionDef, doc: str, module: Scope) -> tuple[str | None, str | None, bool]:
        """Return the name, the documentation and whether it is bare, as the decorator says."""
        said: dict[str, Any] = {}
        (decorator,) = statement.decorator_list
        if isinstance(decorator, ast.Call):
            given = [
                *zip(("name",), decorator.args, strict=False),
                *((each.arg, each.value) for each in decorator.keywords),
            ]
            for member, expression in given:
                if member not in ("name", "doc", "bare") or member in said or len(decorator.args) > 1:
                    raise Refused(
                        decorator, 'Expected @nb.subgraph or @nb.subgraph("Name"), with doc="..." if need be.'
                    )
                said[member] = self.literal(expression, module)
        has_doc = ast.get_docstring(statement, clean=False) is not None
        return (
            said.get("name", words(statement.name)),
            said.get("doc", doc if has_doc else None),
            bool(said.get("bare")),
        )

    def _parameters(self, statement: ast.FunctionDef, module: Scope) -> list[tuple[str, dict[str, Any]]]:
        names = statement.args
        if not names.args or names.posonlyargs or names.vararg or names.kwarg or len(names.defaults) >= len(names.args):
            raise Refused(
                statement, f"A subgraph's function takes the graph first, then inputs: def {statement.name}(g, image):"
            )
        padded = [None] * (len(names.args) - len(names.defaults)) + names.defaults
        found = [*zip(names.args, padded, strict=True)][1:]
        found += zip(names.kwonlyargs, names.kw_defaults, strict=True)
        ports = []
        for each, default in found:
            said = UNSAID if each.annotation is None else self._annotation(each.annotation, module)
            held = UNSAID if default is None else self.checked(default, self.literal(default, module))
            ports.append((each.arg, self._refusing(each, lambda: input_port(each.arg, said, held))))  # noqa: B023 -- called at once
        return ports

    def _declared(self, statement: ast.FunctionDef, module: Scope) -> list[dict[str, Any]] | None:
        if statement.returns is None:
            return None
        said = self._annotation(statement.returns, module)
        found: list[dict[str, Any]] = self._refusing(statement.returns, lambda: output_ports(said, statement.name))
        return found

    def _annotation(self, node: ast.expr, module: Scope) -> Any:
        name = node.id if isinstance(node, ast.Name) else self._public(node)
        return _PORTS[name] if name in _PORTS else self.literal(node, module)

    def _body(self, statement: ast.FunctionDef, scope: Scope) -> Any:
        """Read the statements of a function; return what it returns."""
        *body, last = statement.body
        for each in body:
            self.statement(each, scope)
        if not isinstance(last, ast.Return):
            self.statement(last, scope)
            return None
        match last.value:
            case None:
                return None
            case ast.Dict(keys=keys, values=values):
                names = [self.text(each, scope, "The name of an output") for each in keys if each is not None]
                return {name: self._result(each, scope) for name, each in zip(names, values, strict=True)}
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return [self._result(each, scope) for each in items]
        return self._result(last.value, scope)

    def _result(self, node: ast.expr, scope: Scope) -> End | None:
        held = self.value(node, scope)
        if held is None:
            return None
        if not isinstance(held, (Handle, End)):
            raise Refused(node, "A subgraph returns outputs of its nodes, its inputs, or None.")
        return self.end(node, held)

    def _returned(
        self, statement: ast.FunctionDef, returned: Any, declared: list[dict[str, Any]] | None, scope: Scope
    ) -> list[tuple[str | None, End | None]]:
        del scope
        # An End is a tuple itself: one alone is put into a list.
        alone = [returned] if isinstance(returned, End) else returned
        return self._refusing(statement, lambda: outputs_of(alone, declared, statement.name))  # type: ignore[no-any-return]  # as given

    def _port(self, name: str | None, end: End) -> dict[str, Any]:
        node = end.node
        port: dict[str, Any] = {"name": name or end.output}
        if isinstance(node, SketchNode) and isinstance(node.type, str):
            found = self.library.find(node.type)
            return {**port, **({} if found is None else typed(found, end.output))}
        return port

    @staticmethod
    def _refusing(node: ast.AST, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except InputValueError as error:
            raise Refused(node, str(error)) from None
