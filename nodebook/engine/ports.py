"""Port types: which output may be linked to which input, and what is converted on the way.

A port type is a string: a name (``IMAGE``), a union (``IMAGE,MASK``) or the wildcard ``*``. The engine knows no
picture library; the nodes register how Python classes travel (``register_class``) and which types convert
(``register_adapter``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nodebook.errors import PortTypeError

Convert = Callable[[Any], Any]

ANY = "*"


@dataclass(frozen=True, slots=True)
class PortClass:
    """How values of one Python class travel between nodes.

    ``to_wire`` turns what a function returns into the value on the wire, ``from_wire`` turns that into what a function
    that is annotated with the class receives. ``None``: as it is.
    """

    port: str
    to_wire: Convert | None = None
    from_wire: Convert | None = None


class PortRegistry:
    """Python classes by qualified name, and adapters by pair of port types."""

    def __init__(self) -> None:
        self._classes: dict[str, PortClass] = {}
        self._wires: dict[str, Convert] = {}
        self._adapters: dict[tuple[str, str], Convert] = {}
        self._routes: dict[tuple[str, str], Convert | None] = {}
        self._residents: set[str] = set()

    def mark_resident(self, port: str) -> None:
        """Say that values of this type stand for something costly to load, such as a model."""
        self._residents.add(port)

    def is_resident(self, port: str) -> bool:
        """Say whether values of this type stand for something costly to load."""
        return not self._residents.isdisjoint(_names(port))

    def register_class(
        self, class_name: str, *, port: str, to_wire: Convert | None = None, from_wire: Convert | None = None
    ) -> None:
        """Let annotations of ``class_name`` ("PIL.Image.Image", "list[PIL.Image.Image]") mean ``port``."""
        self._classes[class_name] = PortClass(port, to_wire, from_wire)

    def register_port(self, port: str, *, to_wire: Convert) -> None:
        """Let what functions return for ``Annotated[..., Port(port)]`` become what travels by ``to_wire``."""
        self._wires[port] = to_wire

    def find_wire(self, port: str) -> Convert | None:
        """Return what makes the values of a port type that travel, if anything was registered."""
        return self._wires.get(port)

    def register_adapter(self, source: str, target: str, convert: Convert) -> None:
        """Let outputs of type ``source`` feed inputs of type ``target`` through ``convert``."""
        self._adapters[source, target] = convert
        self._routes.clear()

    def find_class(self, class_name: str) -> PortClass | None:
        """Return how a class travels, or None for one that nobody registered."""
        return self._classes.get(class_name)

    def adapter_pairs(self) -> list[list[str]]:
        """Return all pairs that convert, sorted, for the front end."""
        return sorted([source, target] for source, target in self._adapters)

    def fits(self, source: str, target: str) -> bool:
        """Say whether an output of type ``source`` may feed an input of type ``target``."""
        try:
            self.route(source, target)
        except PortTypeError:
            return False
        return True

    def route(self, source: str, target: str) -> Convert | None:
        """Return the conversion on a link, None where the value passes as it is.

        Raises ``PortTypeError`` where the types do not fit.
        """
        pair = (source, target)
        try:
            return self._routes[pair]
        except KeyError:
            found = self._routes[pair] = self._find_route(source, target)
            return found

    def _find_route(self, source: str, target: str) -> Convert | None:
        sources, targets = _names(source), _names(target)
        if ANY in sources or ANY in targets or not sources.isdisjoint(targets):
            return None
        for name in sorted(sources):
            for other in sorted(targets):
                if (name, other) in self._adapters:
                    return self._adapters[name, other]
        takers = sorted({goal for start, goal in self._adapters if start in sources})
        hint = f" {source} converts to {', '.join(takers)}." if takers else ""
        raise PortTypeError(f"{source} does not fit {target}: there is no conversion from one to the other.{hint}")


def names_match(first: str, second: str) -> bool:
    """Say whether two port types have a name in common, or one is the wildcard. Knows no conversions."""
    names, others = _names(first), _names(second)
    return ANY in names or ANY in others or not names.isdisjoint(others)


def _names(port: str) -> frozenset[str]:
    return frozenset(name.strip() for name in port.split(","))
