"""The named inputs of a graph as fields of a form: what each takes, by the inputs that it feeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from nodebook.engine.graph import id_order
from nodebook.engine.literals import VariableRef
from nodebook.engine.making import NAMED_INPUTS
from nodebook.errors import InputValueError, UnknownInputError
from nodebook.notebook.binding import held_value

if TYPE_CHECKING:
    from nodebook.engine.graph import Node
    from nodebook.engine.nodetype import InputSpec
    from nodebook.graph import Graph
    from nodebook.sessions import Session

Kind = Literal["text", "lines", "choice", "switch", "number", "slider", "seed", "color", "picture", "file"]

_LEAST_LINES_CHARS = 60
"""A default that is longer is text of several lines, whatever it feeds."""


@dataclass(frozen=True, slots=True)
class Field:
    """One named input. ``whole``: of numbers, whether only whole ones are taken."""

    node: str
    name: str
    label: str
    default: Any
    kind: Kind
    doc: str = ""
    whole: bool = False
    least: float | None = None
    most: float | None = None
    step: float | None = None
    choices: tuple[Any, ...] = ()
    words: tuple[str, str] = ("on", "off")
    suffixes: tuple[str, ...] = ()
    readers: tuple[InputSpec, ...] = ()
    """The inputs that it feeds, with their checks."""
    is_bound: bool = False
    """Whether it reads a variable of the notebook, whose value is the default then."""

    def checked(self, value: Any) -> Any:
        """Return a value as a run takes it. Raises ``InputValueError`` with a sentence to stand beside the field."""
        value = self._converted(value)
        if self.kind == "choice" and value not in self.choices:
            raise InputValueError(f"Choose one of: {', '.join(map(str, self.choices)) or 'nothing is offered'}.")
        for reader in self.readers:
            if reader.check is not None:
                try:
                    reader.check(value)
                except ValueError as error:
                    raise InputValueError(f"{reader.name}: {error}") from None
        return value

    def _converted(self, value: Any) -> Any:
        if self.kind == "switch":
            return bool(value)
        if isinstance(self.default, (int, float)):
            return self._number(value)
        return value if isinstance(value, str) or self.kind == "choice" else str(value)

    def _number(self, value: Any) -> Any:
        kind = "a whole number" if self.whole else "a number"
        try:
            number = int(value) if self.whole and not isinstance(value, float) else float(value)
        except (TypeError, ValueError, OverflowError):
            raise InputValueError(f"Expected {kind}, got {value!r}.") from None
        if not isfinite(number) or (self.whole and number != int(number)):
            raise InputValueError(f"Expected {kind}, got {value!r}.")
        if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
            raise InputValueError(f"Expected {self.range_words}, got {number:g}.")
        return int(number) if self.whole else number

    @property
    def range_words(self) -> str:
        """The range in words; nothing where there is none."""
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        if self.least is not None:
            return f"{self.least:g} or more"
        return "" if self.most is None else f"{self.most:g} or less"


def fields_of(graph: Graph, names: Sequence[str] = ()) -> list[Field]:
    """Return the fields of a graph's named inputs, in their order in the graph or as ``names`` has them.

    Raises ``UnknownInputError`` for a name that is no named input, and where the graph has none at all.
    """
    found = {str(node.values.get("name")): node_id for node_id, node in named_inputs(graph)}
    if not found:
        raise UnknownInputError(
            "The graph has no named input, so that a form would be empty. Make one with g.input('prompt', 'a star') "
            "and link it to a node."
        )
    for name in names:
        if name not in found:
            listed = ", ".join(found)
            raise UnknownInputError(
                f"The graph has no named input {name!r}. Its named inputs are: {listed}. Make one with "
                f"g.input({name!r}, default)."
            )
    return [_field(graph, found[name], name) for name in (names or found)]


def named_inputs(graph: Graph) -> Iterator[tuple[str, Node]]:
    """Yield the nodes of named inputs, in document order."""
    state = graph.store.state
    for node_id in state.ordered_ids():
        node = state.nodes[node_id]
        if node.type in NAMED_INPUTS and node.values.get("name"):
            yield node_id, node


def _field(graph: Graph, node_id: str, name: str) -> Field:
    node = graph.store.state.nodes[node_id]
    own = graph.store.library.find(node.type)
    fallback = "" if own is None else own.input("value").default
    value = node.values.get("value", fallback)
    is_bound = isinstance(value, VariableRef)
    default = _of_kind(held_value(graph.store, value, fallback), fallback)
    readers = tuple(_readers(graph, node_id))
    widgets = [dict(each.widget) for each in readers if each.widget is not None]
    label = node.title or name.replace("_", " ").capitalize()
    doc = next((each.doc for each in readers if each.doc), "")
    members = {
        "InputBoolean": _switch,
        "InputInt": _number,
        "InputFloat": _number,
    }.get(node.type, _text)(default, widgets, graph.session)
    label = label if label != name else _spelt(name)
    return Field(node_id, name, label, default, doc=doc, readers=readers, is_bound=is_bound, **members)


def _of_kind(value: Any, fallback: Any) -> Any:
    """Return a value where it is of the input's kind: a variable may hold anything, and a document too."""
    if type(fallback) is float and type(value) is int:
        return float(value)
    return value if type(value) is type(fallback) else fallback


def _spelt(name: str) -> str:
    return name.replace("_", " ").capitalize() if name.islower() else name


def _readers(graph: Graph, node_id: str) -> Iterator[InputSpec]:
    """Yield the inputs that a named input feeds: through reroutes, and in and out of subgraphs."""
    flat = graph.store.flat
    for reader_id in sorted(flat.consumers.get(node_id, ()), key=id_order):
        reader = flat.nodes.get(reader_id)
        node_type = None if reader is None else graph.store.library.find(reader.type)
        if reader is None or node_type is None:
            continue
        for name, link in reader.links.items():
            spec = node_type.input_by_name.get(name)
            if link.node == node_id and spec is not None:
                yield spec


def _switch(_default: Any, widgets: list[dict[str, Any]], _session: Session) -> dict[str, Any]:
    words = next((each for each in widgets if each["kind"] == "toggle"), {})
    return {"kind": "switch", "words": (words.get("on") or "on", words.get("off") or "off")}


def _number(default: Any, widgets: list[dict[str, Any]], _session: Session) -> dict[str, Any]:
    whole = isinstance(default, int)
    choice = next((each for each in widgets if each["kind"] == "choice"), None)
    if choice is not None:
        return {"kind": "choice", "choices": _common(widgets, choice["options"]), "whole": whole}
    if any(each["kind"] == "color" for each in widgets):
        return {"kind": "color", "whole": whole, "least": 0, "most": 0xFFFFFF}
    numbers = [each for each in widgets if each["kind"] == "number"]
    least = max((each["min"] for each in numbers if each.get("min") is not None), default=None)
    most = min((each["max"] for each in numbers if each.get("max") is not None), default=None)
    step = next((each["step"] for each in numbers if each.get("step")), None)
    is_slider = any(each.get("display") == "slider" for each in numbers) and least is not None and most is not None
    kind = "seed" if whole and any(each.get("seed") for each in numbers) else "slider" if is_slider else "number"
    return {"kind": kind, "whole": whole, "least": least, "most": most, "step": step}


def _text(default: Any, widgets: list[dict[str, Any]], session: Session) -> dict[str, Any]:
    for each in widgets:
        if each["kind"] in ("choice", "picture", "file"):
            listed = session.file_lists.get(each.get("files", ""))
            options = tuple(each["options"]) if listed is None else tuple(listed())
            if each["kind"] == "choice":
                # A file that is not there any more stays the default: the node says what is missing.
                is_lost = listed is not None and default not in options
                return {"kind": "choice", "choices": (default, *options) if is_lost else _common(widgets, options)}
            return {"kind": each["kind"], "choices": options, "suffixes": tuple(each.get("accept") or ())}
        if each["kind"] == "color" and not each.get("alpha"):
            return {"kind": "color"}
    has_lines = any(each["kind"] == "text" and each.get("multiline") for each in widgets)
    return {"kind": "lines" if has_lines or "\n" in default or len(default) > _LEAST_LINES_CHARS else "text"}


def _common(widgets: list[dict[str, Any]], options: Sequence[Any]) -> tuple[Any, ...]:
    """Return the options that all choices have; those of the first where none are in all."""
    lists = [each["options"] for each in widgets if each["kind"] == "choice" and "files" not in each]
    shared = tuple(each for each in options if all(each in other for other in lists))
    return shared or tuple(options)
