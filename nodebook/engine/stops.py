"""Pausing a run before a node is called, so that what it is about to get can be looked at and changed.

What is made from a changed input has keys of its own, which name this run and nothing else: no other run can find such
a result, in memory or on disk, and this run never takes another's for it (docs/design/breaks.md).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal

from nodebook.engine.codehash import code_version
from nodebook.engine.fingerprint import digest, encode
from nodebook.engine.items import Block, Items
from nodebook.errors import InputValueError, UnknownInputError

if TYPE_CHECKING:
    from nodebook.engine.calling import Gathered
    from nodebook.engine.nodetype import InputSpec
    from nodebook.engine.plan import Plan, Step
    from nodebook.engine.valueops import ValueRegistry

Answer = Literal["resumed", "skipped", "cancelled"]


class Pause:
    """A run waits before it calls a node. It ends once, by whoever says first how to go on; from any thread.

    ``inputs`` are what the node would be called with, by name: copies, so that changing one in place changes nothing
    but this call.
    """

    def __init__(
        self, step: Step, inputs: Mapping[str, Any], on_end: Callable[[Pause, Callable[[], None]], None]
    ) -> None:
        self.node = step.id
        self.inputs = dict(inputs)
        self.changes: dict[str, Any] = {}
        """Inputs that came back with other content, as the node will get them."""
        self._specs: Mapping[str, InputSpec] = {} if step.compiled.type is None else step.compiled.type.input_by_name
        self._before = {name: _content(value) for name, value in inputs.items()}
        self._on_end = on_end
        self._future: Future[Answer] = Future()
        self._lock = RLock()
        self.note = ""
        """What whoever shows the inputs has to say of them."""
        self.answer: Answer | None = None
        """How the run goes on, once somebody said so."""

    @property
    def is_over(self) -> bool:
        """Whether somebody said how to go on."""
        return self.answer is not None

    def resume(self, inputs: Mapping[str, Any]) -> bool:
        """Call the node with these inputs; what is left out stays. False where the pause is over already.

        Raises ``UnknownInputError`` and ``InputValueError``, and the run goes on waiting.
        """
        unknown = [name for name in inputs if name not in self._before]
        if unknown:
            listed = ", ".join(self._before) or "none"
            raise UnknownInputError(f"The paused node has no input {unknown[0]!r}. Its inputs are: {listed}.")
        changed = {name: value for name, value in inputs.items() if _content(value) != self._before[name]}
        checked = {name: self._checked(name, value) for name, value in changed.items()}
        return self._end("resumed", checked)

    def skip(self) -> bool:
        """Do not call the node, nor what needs it. False where the pause is over already."""
        return self._end("skipped", {})

    def cancel(self) -> None:
        """End the pause because the run was cancelled."""
        self._end("cancelled", {})

    def wait(self) -> Answer:
        """Wait until somebody says how to go on."""
        return self._future.result()

    @property
    def future(self) -> Future[Answer]:
        """How to go on, for whoever must not block."""
        return self._future

    def _checked(self, name: str, value: Any) -> Any:
        spec = self._specs.get(name)
        if type(value) is Items and spec is not None:
            return Items(self._checked(name, each) for each in value)
        if spec is None or spec.check is None:
            return value
        try:
            value = spec.check(value)
        except ValueError as error:
            raise InputValueError(
                f"The paused node cannot be called with this {name}: {error}. Set another value, or leave it as it was."
            ) from None
        return value if spec.from_wire is None or value is None else spec.from_wire(value)

    def _end(self, answer: Answer, changes: dict[str, Any]) -> bool:
        with self._lock:
            if self.answer is not None:
                return False
            self.answer, self.changes = answer, changes
        self._on_end(self, self._settle)
        return True

    def _settle(self) -> None:
        with suppress(InvalidStateError):
            self._future.set_result(self.answer or "cancelled")


class Stops:
    """Where one run pauses. ``nodes`` may grow and shrink meanwhile.

    ``on_pause`` is told of a pause when it is its turn: of several lanes that pause, one after the other. ``on_end`` is
    told when somebody says how to go on, and calls the function it is given to let the lane go on. Both must not wait.
    """

    def __init__(
        self,
        nodes: Collection[str],
        on_pause: Callable[[Pause], None],
        on_end: Callable[[Pause, Callable[[], None]], None],
    ) -> None:
        self.nodes = nodes
        self.rekeyed: dict[str, bytes] = {}
        """Nodes that run with changed inputs, or after such, and the keys that their results have in this run."""
        self.changes: dict[str, dict[str, Any]] = {}
        """What nodes that were paused at get in place of what came; of all of them, so that none pauses again."""
        self.skipped: set[str] = set()
        self._on_pause = on_pause
        self._on_end = on_end
        self._turns: deque[Pause] = deque()
        self._is_cancelled = False
        self._lock = RLock()
        """Held while pauses are told of, so that the end of one comes before the begin of the next."""

    def wants(self, node: str) -> bool:
        """Say whether the run pauses before a node."""
        return node in self.nodes and node not in self.changes

    def key_of(self, step: Step) -> bytes:
        """Return the key that a step's result has in this run."""
        return self.rekeyed.get(step.id, step.key)

    def open(
        self, step: Step, arguments: Mapping[str, Any], values: ValueRegistry, asked: Collection[str] = ()
    ) -> Pause:
        """Begin a pause before a step, which would be called with ``arguments``; ``asked``: its lazy inputs among them.

        Not shown are links as such, lazy inputs that nobody asked for, and what the session fills in.
        """
        node_type = step.compiled.type
        hidden = () if node_type is None else [name for name, _ in node_type.hidden]
        specs = {} if node_type is None else node_type.input_by_name
        left_out = {name for name, spec in specs.items() if spec.is_raw or (spec.is_lazy and name not in asked)}
        left_out.update(hidden)
        names = [*(name for name in specs if name in arguments), *(name for name in arguments if name not in specs)]
        shown = {name: values.editable(arguments[name]) for name in names if name not in left_out}
        pause = Pause(step, shown, self._ended)
        with self._lock:
            self._turns.append(pause)
            if self._is_cancelled:
                pause.cancel()
            elif len(self._turns) == 1:
                self._on_pause(pause)
        return pause

    def close(self, step: Step, pause: Pause, plan: Plan) -> None:
        """Take in how a pause ended: what follows a changed input gets keys of its own."""
        self.changes[step.id] = pause.changes
        if pause.wait() == "skipped":
            self.skipped.add(step.id)
        if pause.changes or step.id in self.skipped:
            for node, key in following(step.id, plan).items():
                self.rekeyed[node] = digest(b"changed at a break" + os.urandom(16) + key)

    def changed(self, node: str, gathered: Gathered) -> Gathered:
        """Return what a node that was paused at is called with."""
        arguments, guarded, is_special = gathered
        if node in self.skipped:
            # Whatever its inputs are: what is refused is not called.
            return {"": Block("it was skipped at a break")}, guarded, True
        changes = self.changes[node]
        return {**arguments, **changes}, guarded, is_special or any(type(each) is Items for each in changes.values())

    def cancel(self) -> None:
        """End all pauses: the run was cancelled."""
        with self._lock:
            self._is_cancelled = True
            pauses = list(self._turns)
        for pause in pauses:
            pause.cancel()

    def _ended(self, pause: Pause, settle: Callable[[], None]) -> None:
        with self._lock:
            was_first = bool(self._turns) and self._turns[0] is pause
            if pause in self._turns:
                self._turns.remove(pause)
            self._on_end(pause, settle)
            if was_first and self._turns and not self._is_cancelled:
                self._on_pause(self._turns[0])


def following(node: str, plan: Plan) -> dict[str, bytes]:
    """Return a step of a plan and all steps that need it, with the keys they were planned under."""
    steps: Iterable[Step] = (*plan.steps, *plan.lazy_steps.values())
    keys = {step.id: step.key for step in steps}
    readers: dict[str, list[str]] = {}
    for step in steps:
        for source in step.compiled.sources:
            readers.setdefault(source.node, []).append(step.id)
    found, stack = {node: keys[node]}, [node]
    while stack:
        for reader in readers.get(stack.pop(), ()):
            if reader not in found:
                found[reader] = keys[reader]
                stack.append(reader)
    return found


def _content(value: Any) -> Any:
    """Return what tells whether a value was changed; of what has no content to compare, something equal to nothing."""
    try:
        return digest(encode(value))
    except Exception:  # noqa: BLE001 -- a type without a fingerprint, or a value of one that has none
        version = code_version(value)
    return version.digest if version.is_portable else _Different()


class _Different:
    """Equal to nothing, itself included: an object whose inside cannot be seen counts as changed."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True
