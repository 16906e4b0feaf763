"""The index answers after any edits as one that sees the graph for the first time."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nodebook.engine.compiled import Compiled, compile_node
from nodebook.engine.edits import AddNode, RemoveNode, SetLink, SetTitle, SetValue, SetView, UnsetValue
from nodebook.engine.graph import GraphState, downstream
from nodebook.engine.index import GraphIndex
from nodebook.engine.library import Library
from nodebook.engine.node import node
from nodebook.engine.store import GraphStore
from tests.engine.strategies import scaled
from tests.engine.support import PLAIN, Laboratory, fresh_index, from_source, out

IDS = [str(number) for number in range(1, 8)]
TYPES = ["number", "add", "divide", "show", "changing", "nowhere"]
INPUTS = ["value", "a", "b", "ghost"]
OUTPUTS = ["INT", "quotient", "remainder", "nothing"]
LINKS = st.tuples(
    st.sampled_from(IDS),
    st.sampled_from(["a", "a", "b", *INPUTS]),
    st.sampled_from(IDS),
    st.sampled_from(["INT", "INT", "INT", *OUTPUTS]),
)
SOURCES = [
    "def f(a: int = 0, b: int = 0) -> int: return a + b",
    "def f(a: int = 0, b: int = 0) -> int: return a - b",
    "def f(a: str = '', b: int = 0) -> int: return b",
    "def f(a: int = 0) -> tuple[int, int]: return a, a",
    "def f(a: int) -> None: return None",
]


def define(library: Library, source: str, **options: Any) -> None:
    library.define(node(name="changing", **options)(from_source(source)))


def answers(index: GraphIndex) -> dict[str, Any]:
    return {
        "keys": dict(index.keys),
        "problems": index.problems(),
        "targets": index.default_targets(),
        "runnable": {node_id: compiled.is_runnable for node_id, compiled in index.compiled.items()},
        "sources": {
            node_id: [(each.input, each.node, each.slot) for each in compiled.sources]
            for node_id, compiled in index.compiled.items()
        },
        "sinks": set(index._sinks),
        "outputs": set(index._outputs),
    }


class AnyEdits(RuleBasedStateMachine):
    """A store under random edits, undo, redo, redefinitions and runs, beside an index made from scratch."""

    @initialize(
        kinds=st.lists(
            st.sampled_from(["add", "add", "changing", *TYPES]), min_size=len(IDS) - 1, max_size=len(IDS) - 1
        ),
        links=st.lists(LINKS, min_size=4, max_size=12),
    )
    def begin(self, kinds: list[str], links: list[tuple[str, str, str, str]]) -> None:
        self.library = Library()
        for function in PLAIN:
            self.library.define(function)
        define(self.library, SOURCES[0])
        self.store = GraphStore(self.library)
        for node_id, kind in zip(IDS, kinds, strict=False):
            self.edit(AddNode(node_id, {"type": kind}))
        for target, name, source, output in links:
            if target in self.store.state.nodes:
                self.edit(SetLink(target, name, (source, output)))

    def ids(self) -> list[str]:
        return sorted(self.store.state.nodes)

    def edit(self, *edits: Any) -> None:
        self.store.edit(edits, "Edit")

    @rule(node_id=st.sampled_from(IDS), kind=st.sampled_from(TYPES))
    def add(self, node_id: str, kind: str) -> None:
        if node_id not in self.store.state.nodes:
            self.edit(AddNode(node_id, {"type": kind}))

    @precondition(lambda self: self.ids())
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        self.edit(RemoveNode(data.draw(st.sampled_from(self.ids()))))

    @rule(links=st.lists(LINKS, min_size=1, max_size=3))
    def link(self, links: list[tuple[str, str, str, str]]) -> None:
        for target, name, source, output in links:
            if target in self.store.state.nodes:
                self.edit(SetLink(target, name, (source, output)))

    @precondition(lambda self: self.ids())
    @rule(data=st.data(), name=st.sampled_from(INPUTS))
    def cut(self, data: st.DataObject, name: str) -> None:
        self.edit(SetLink(data.draw(st.sampled_from(self.ids())), name, None))

    @precondition(lambda self: self.ids())
    @rule(data=st.data(), name=st.sampled_from(INPUTS), value=st.sampled_from([0, 1, "x", None]))
    def set(self, data: st.DataObject, name: str, value: Any) -> None:
        self.edit(SetValue(data.draw(st.sampled_from(self.ids())), name, value))

    @precondition(lambda self: self.ids())
    @rule(data=st.data(), name=st.sampled_from(INPUTS))
    def unset(self, data: st.DataObject, name: str) -> None:
        self.edit(UnsetValue(data.draw(st.sampled_from(self.ids())), name))

    @precondition(lambda self: self.ids())
    @rule(data=st.data())
    def move_and_rename(self, data: st.DataObject) -> None:
        node_id = data.draw(st.sampled_from(self.ids()))
        self.edit(SetView(node_id, {"x": 1.0}), SetTitle(node_id, "T"))

    @precondition(lambda self: len(self.ids()) > 1)
    @rule(data=st.data())
    def several_at_once(self, data: st.DataObject) -> None:
        one, other = data.draw(st.permutations(self.ids()))[:2]
        self.edit(
            SetLink(one, "a", (other, "INT")),
            RemoveNode(other),
            AddNode(other, {"type": data.draw(st.sampled_from(TYPES))}),
            SetLink(one, "b", (other, "INT")),
        )

    @rule()
    def undo(self) -> None:
        self.store.undo()

    @rule()
    def redo(self) -> None:
        self.store.redo()

    @rule(source=st.sampled_from(SOURCES), is_output=st.booleans())
    def redefine(self, source: str, *, is_output: bool) -> None:
        define(self.library, source, is_output=is_output)

    @rule()
    def run(self) -> None:
        self.store.plan(lambda _key: None, for_run=True)

    @rule()
    def look(self) -> None:
        self.agrees()

    @rule(value=st.sampled_from([0, 7, "x"]), data=st.data())
    def run_with_other_values(self, value: Any, data: st.DataObject) -> None:
        if self.ids():
            before = answers(self.store.index())
            self.store.plan(lambda _key: None, None, {(data.draw(st.sampled_from(self.ids())), "a"): value})
            assert answers(self.store.index()) == before

    @invariant()
    def sometimes_agrees(self) -> None:
        # Between edits nobody asks, so that several pile up: every other time.
        if hasattr(self, "store") and self.store.revision % 2:
            self.agrees()

    def agrees(self) -> None:
        scratch = fresh_index(self.library, self.store.state)
        assert answers(self.store.index()) == answers(scratch)


AnyEdits.TestCase.settings = settings(scaled(150), stateful_step_count=25)
TestAnyEdits = AnyEdits.TestCase


@given(
    st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(["a", "b"]), st.sampled_from(IDS)), max_size=14),
    st.randoms(),
)
def test_the_order_of_edits_does_not_count(links: list[tuple[str, str, str]], random: Any) -> None:
    def keys(order: list[tuple[str, str, str]]) -> dict[str, Any]:
        lab = Laboratory(*PLAIN)
        for node_id in IDS:
            lab.add("add", node_id)
        for target, name, source in order:
            lab.set(target, **{name: out(source)})
        return answers(lab.store.index())

    last = list({(target, name): (target, name, source) for target, name, source in links}.values())
    shuffled = list(last)
    random.shuffle(shuffled)
    assert keys(last) == keys(shuffled)


@given(st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(["a", "b"]), st.sampled_from(IDS)), max_size=14))
def test_a_cycle_is_reported_on_exactly_the_nodes_that_wait_for_themselves(links: list[tuple[str, str, str]]) -> None:
    lab = Laboratory(*PLAIN)
    for node_id in IDS:
        lab.add("add", node_id)
    for target, name, source in links:
        lab.set(target, **{name: out(source)})
    state = lab.store.state
    waiting = {
        node_id
        for node_id in IDS
        if any(node_id in downstream(state, {after}) for after in state.consumers.get(node_id, ()))
    }
    reported = {problem.node: problem.input for problem in lab.problems}
    assert set(reported) == waiting
    for node_id, through in reported.items():
        assert through is not None
        before = state.nodes[node_id].links[through].node
        assert before in downstream(state, {node_id}), "the input that is named is part of the cycle"
    blocked = downstream(state, waiting)
    assert {node_id for node_id, key in lab.keys.items() if key is None} == blocked


@pytest.fixture
def chain() -> Laboratory:
    """1 → 2 → 3, and 4 beside them."""
    lab = Laboratory(*PLAIN)
    define(lab.library, SOURCES[0])
    lab.add("number", "1", value=1)
    lab.add("changing", "2", a=out("1"))
    lab.add("add", "3", a=out("2"), b=1)
    lab.add("number", "4", value=1)
    return lab


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {node_id for node_id in before | after if before.get(node_id) != after.get(node_id)}


def test_a_value_changes_the_keys_of_its_node_and_what_follows(chain: Laboratory) -> None:
    before = chain.keys
    chain.set("2", b=5)
    assert changed(before, chain.keys) == {"2", "3"}


def test_moving_and_naming_a_node_changes_no_key(chain: Laboratory) -> None:
    before = chain.keys
    chain.store.edit([SetView("1", {"x": 5, "color": "#ff0000"}), SetTitle("2", "Two")], "Move")
    assert chain.keys == before


def test_undo_and_redo_restore_the_keys(chain: Laboratory) -> None:
    before = chain.keys
    chain.set("1", value=2)
    after = chain.keys
    assert changed(before, after) == {"1", "2", "3"}
    chain.store.undo()
    assert chain.keys == before
    chain.store.redo()
    assert chain.keys == after


def test_a_default_that_is_written_out_is_the_same_as_none(chain: Laboratory) -> None:
    before = chain.keys
    chain.set("2", b=0)
    assert chain.keys == before


def test_equal_nodes_have_equal_keys_whatever_their_ids(chain: Laboratory) -> None:
    assert chain.keys["1"] == chain.keys["4"]


def test_which_output_and_which_input_are_linked_counts() -> None:
    lab = Laboratory(*PLAIN)
    lab.add("divide", "1")
    lab.add("add", "2", a=out("1", "quotient"))
    lab.add("add", "3", a=out("1", "remainder"))
    lab.add("add", "4", b=out("1", "quotient"))
    assert len({lab.keys[node_id] for node_id in "234"}) == 3


def test_redefining_a_type_changes_exactly_its_nodes_and_what_follows(chain: Laboratory) -> None:
    before = chain.keys
    define(chain.library, SOURCES[1])
    assert changed(before, chain.keys) == {"2", "3"}


def test_running_a_definition_again_changes_nothing(chain: Laboratory) -> None:
    before = chain.keys
    define(chain.library, SOURCES[0])
    assert chain.keys == before


def test_a_redefinition_that_drops_an_output_is_a_problem_of_the_consumer(chain: Laboratory) -> None:
    define(chain.library, SOURCES[4])
    assert chain.codes() == [("3", "a", "missing_output")]
    define(chain.library, SOURCES[0])
    assert chain.problems == []


def test_a_redefinition_is_seen_by_every_graph_of_the_library(chain: Laboratory) -> None:
    other = GraphStore(chain.library)
    other.edit([AddNode("1", {"type": "changing"})], "Add")
    before = dict(other.index().keys)
    chain.store.index()
    define(chain.library, SOURCES[1])
    chain.store.index()
    assert other.index().keys != before


def test_a_changed_helper_of_the_notebook_changes_the_key() -> None:
    lab = Laboratory()
    function = from_source("def g(): return 1\ndef f(a: int = 0) -> int: return a + g()")
    lab.define(node(name="caller")(function))
    lab.add("caller", "1")
    lab.run()
    exec("def g(): return 2", function.__globals__)  # noqa: S102 -- the user runs the helper's cell again
    assert lab.run().executed == ("1",)
    assert lab.output("1") == 2


def test_a_changed_notebook_value_that_a_node_reads_changes_the_key() -> None:
    lab = Laboratory()
    function = from_source("k = 1\ndef f(a: int = 0) -> int: return a + k")
    lab.define(node(name="reader")(function))
    lab.add("reader", "1")
    lab.run()
    function.__globals__["k"] = 5
    assert lab.run().executed == ("1",)
    assert lab.output("1") == 5
    assert lab.run().executed == ()


TARGETS: dict[str, tuple[list[tuple[str, str, dict[str, Any]]], tuple[str, ...]]] = {
    "an empty graph has none": ([], ()),
    "sinks where there is no output node": (
        [("number", "1", {}), ("add", "2", {"a": out("1")}), ("number", "10", {})],
        ("2", "10"),
    ),
    "output nodes alone where there is one": (
        [("number", "1", {}), ("show", "2", {"value": out("1")}), ("number", "3", {})],
        ("2",),
    ),
    "a link to nowhere hides no sink": ([("add", "1", {"a": out("9")})], ("1",)),
    "a cycle that nothing follows": (
        [("add", "1", {"a": out("2")}), ("add", "2", {"a": out("1")}), ("number", "3", {})],
        ("1", "2", "3"),
    ),
}


@pytest.mark.parametrize(("nodes", "targets"), TARGETS.values(), ids=TARGETS.keys())
def test_a_run_wants_every_output_node_or_else_every_end(
    nodes: list[tuple[str, str, dict[str, Any]]], targets: tuple[str, ...]
) -> None:
    lab = Laboratory(*PLAIN)
    for kind, node_id, inputs in nodes:
        lab.add(kind, node_id, **inputs)
    assert lab.store.index().default_targets() == targets


def test_the_key_of_the_last_run_outlives_edits_until_the_next_run(chain: Laboratory) -> None:
    assert chain.store.index().run_key("3") is None
    chain.run()
    ran = chain.keys
    chain.set("1", value=9)
    chain.store.edit([RemoveNode("4")], "Remove")
    index = chain.store.index()
    assert {node_id: index.run_key(node_id) for node_id in "1234"} == ran
    chain.run()
    assert chain.store.index().run_key("1") == chain.keys["1"] != ran["1"]


def test_the_key_of_the_last_run_outlives_a_cycle(chain: Laboratory) -> None:
    chain.run()
    ran = chain.keys
    chain.set("2", b=out("3"))
    assert chain.problems
    index = chain.store.index()
    assert {node_id: index.run_key(node_id) for node_id in "1234"} == ran
    chain.store.undo()
    index = chain.store.index()
    assert {node_id: index.run_key(node_id) for node_id in "1234"} == ran


def test_an_edit_looks_only_at_what_it_touches_and_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    from nodebook.engine import index as module

    lab = Laboratory(*PLAIN)
    for number in range(300):
        lab.add("add", str(number), a=out(str(number - 1)) if number else 0)
    lab.store.index()
    seen: list[str] = []

    def compile_and_note(node_id: str, *context: Any, **options: Any) -> Compiled:
        seen.append(node_id)
        return compile_node(node_id, *context, **options)

    monkeypatch.setattr(module, "compile_node", compile_and_note)
    lab.set("290", b=3)
    before = lab.store.index().keys["299"]
    assert seen == ["290"]
    lab.set("290", b=4)
    assert lab.store.index().keys["299"] != before
    assert GraphState().ordered_ids() == []
