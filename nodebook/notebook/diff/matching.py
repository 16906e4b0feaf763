"""Which node of one graph is which of another: by id, or by what it is where ids say nothing.

A graph that code built again, or that came from another tool, has other ids. So two ways are tried: ids first, and
likeness first; the one that leaves more nodes unchanged is taken.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping

from nodebook.engine.graph import GraphState, Node, id_order
from nodebook.engine.literals import tag

_ROUNDS = 3
_MOST_COMPARED = 40_000
"""How many pairs of one type are compared for likeness; above that, order decides."""

TypeName = Callable[[str], str]
"""What a type is called on both sides: the subgraphs of two documents may have other ids."""

Pairs = dict[str, str]


def match_nodes(before: GraphState, after: GraphState, name_before: TypeName, name_after: TypeName) -> Pairs:
    """Return id before → id after for the nodes that are the same ones."""
    sides = (_Side(before, name_before), _Side(after, name_after))
    by_id = _complete(sides, _same_ids(sides))
    ids_hold = all(one == other and _content(sides, one, other) for one, other in by_id.items())
    if ids_hold and len(by_id) == len(before.nodes):
        return by_id  # only links changed, if anything: an equal node under another id is another node
    by_likeness = _complete(sides, _same_marks(sides))
    return by_likeness if _unchanged(sides, by_likeness) > _unchanged(sides, by_id) else by_id


class _Side:
    """A graph, with what each node is, and what it is with all that it reads and that reads it."""

    def __init__(self, graph: GraphState, type_name: TypeName) -> None:
        self.nodes: Mapping[str, Node] = dict(graph.nodes.items())
        self.types = {each: type_name(node.type) for each, node in self.nodes.items()}
        self.own = {each: self._own(each, node) for each, node in self.nodes.items()}
        self.readers: dict[str, list[tuple[str, str, str]]] = {}
        for each, node in self.nodes.items():
            for name, link in node.links.items():
                self.readers.setdefault(link.node, []).append((name, link.output, each))
        self.marks = dict(self.own)
        for _ in range(_ROUNDS):
            self.marks = {each: self._mark(each, node) for each, node in self.nodes.items()}

    def _own(self, node_id: str, node: Node) -> str:
        return _digest([self.types[node_id], node.title, node.mode_word, tag(dict(sorted(node.values.items())))])

    def _mark(self, node_id: str, node: Node) -> str:
        links = [[name, self.marks.get(link.node, link.node), link.output] for name, link in sorted(node.links.items())]
        readers = sorted([name, output, self.marks[reader]] for name, output, reader in self.readers.get(node_id, ()))
        return _digest([self.marks[node_id], links, readers])

    def of_type(self, ids: Iterable[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for each in sorted(ids, key=id_order):
            found.setdefault(self.types[each], []).append(each)
        return found


_Sides = tuple[_Side, _Side]


def _digest(held: object) -> str:
    text = json.dumps(held, sort_keys=True)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _same_ids(sides: _Sides) -> Pairs:
    before, after = sides
    return {each: each for each in before.nodes if before.types[each] == after.types.get(each)}


def _same_marks(sides: _Sides) -> Pairs:
    """Pair nodes that are the same with all around them, then those that are the same themselves."""
    pairs: Pairs = {}
    taken: set[str] = set()
    before, after = sides
    for marks in (before.marks, after.marks), (before.own, after.own):
        waiting: dict[str, list[str]] = {}
        for each in sorted(set(after.nodes) - taken, key=id_order, reverse=True):
            waiting.setdefault(marks[1][each], []).append(each)
        for each in sorted(set(before.nodes) - set(pairs), key=id_order):
            found = waiting.get(marks[0][each], [])
            while found and found[-1] in taken:
                found.pop()
            if each not in pairs and found:
                is_here = each in found and each not in taken
                _pair_around(sides, marks, (pairs, taken), (each, each if is_here else found[-1]))
    return pairs


_Marks = tuple[Mapping[str, str], Mapping[str, str]]


def _pair_around(sides: _Sides, marks: _Marks, made: tuple[Pairs, set[str]], first: tuple[str, str]) -> None:
    """Pair two nodes, and what is alike around them: of several equal nodes those that hang together."""
    pairs, taken = made
    stack = [first]
    while stack:
        one, other = stack.pop()
        if one in pairs or other in taken or marks[0].get(one) != marks[1].get(other):
            continue
        pairs[one] = other
        taken.add(other)
        left, right = sides[0].nodes[one].links, sides[1].nodes[other].links
        stack += [
            (link.node, right[name].node)
            for name, link in left.items()
            if name in right and link.node in sides[0].nodes and right[name].node in sides[1].nodes
        ]
        there: dict[tuple[str, str, str], list[str]] = {}
        for name, output, reader in sides[1].readers.get(other, ()):
            if reader not in taken:
                there.setdefault((name, output, marks[1][reader]), []).append(reader)
        for name, output, reader in sides[0].readers.get(one, ()):
            found = there.get((name, output, marks[0][reader]))
            if found and reader not in pairs:
                stack.append((reader, found.pop()))


def _complete(sides: _Sides, pairs: Pairs) -> Pairs:
    """Add pairs of what is left: of one type, those most alike first."""
    before, after = sides
    left = before.of_type(set(before.nodes) - set(pairs))
    right = after.of_type(set(after.nodes) - set(pairs.values()))
    for kind, ids in left.items():
        others = right.get(kind, [])
        if len(ids) * len(others) > _MOST_COMPARED:
            pairs.update(zip(ids, others, strict=False))
            continue
        scored = [
            (-_likeness(sides, pairs, one, other), turn, one, other)
            for turn, (one, other) in enumerate((one, other) for one in ids for other in others)
        ]
        taken: set[str] = set()
        for score, _, one, other in sorted(scored):
            if score < 0 and one not in pairs and other not in taken:
                pairs[one] = other
                taken.add(other)
    return pairs


def _likeness(sides: _Sides, pairs: Pairs, one: str, other: str) -> int:
    """Return how much two nodes of a type have in common; 0 where they share nothing."""
    left, right = sides[0].nodes[one], sides[1].nodes[other]
    score = 6 if left.title is not None and left.title == right.title else 0
    if left.origin is not None and right.origin is not None:
        score += 4 * any(left.origin.get(each) == right.origin.get(each) is not None for each in ("key", "cell"))
    score += sum(2 for name, held in left.values.items() if name in right.values and same(held, right.values[name]))
    for name, link in left.links.items():
        there = right.links.get(name)
        if there is not None:
            score += 3 if (pairs.get(link.node), link.output) == (there.node, there.output) else 1
    if not score and not (left.values or left.links or left.title) and not (right.values or right.links or right.title):
        return 1
    # The only ones of a rare type are taken for each other although all was changed.
    return score + (one == other)


def _content(sides: _Sides, one: str, other: str) -> bool:
    return sides[0].own[one] == sides[1].own[other]


def _unchanged(sides: _Sides, pairs: Pairs) -> int:
    """Return how many nodes and links stay as they are."""
    before, after = sides
    count = 0
    for one, other in pairs.items():
        count += _content(sides, one, other)
        there = after.nodes[other].links
        count += sum(
            (pairs.get(link.node, link.node), link.output) == tuple(there[name])
            for name, link in before.nodes[one].links.items()
            if name in there
        )
    return count


def same(before: object, after: object) -> bool:
    """Whether two literals are one: 1, 1.0 and True are three."""
    return json.dumps(tag(before), sort_keys=True) == json.dumps(tag(after), sort_keys=True)
