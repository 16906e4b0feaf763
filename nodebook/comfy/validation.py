"""ComfyUI's server-side checks of a prompt, with its error objects (engine.md A.4 to A.9).

A graph made of a prompt needs none of this: ``graph.problems`` is at least as strict where it matters, and kinder where
ComfyUI is strict for no reason. This is for those who want to know what ComfyUI would say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nodebook.comfy.coercion import LINK_LENGTH, coerce, unwrap
from nodebook.comfy.prompt import as_prompt
from nodebook.engine.library import Library
from nodebook.engine.nodetype import MISSING, InputSpec, NodeType
from nodebook.sessions import Session, session

Error = dict[str, Any]
"""``type``, ``message``, ``details``, ``extra_info``."""

_LISTED_OPTIONS = 20


@dataclass(frozen=True, slots=True)
class PromptReport:
    """What ComfyUI's server would answer to a prompt."""

    error: Error | None
    """Why nothing of it would run; None where at least one output would."""

    node_errors: dict[str, dict[str, Any]]
    """Node id -> its ``errors``, the ``dependent_outputs`` that fail with it, and its ``class_name``."""

    outputs: tuple[str, ...]
    """Ids of the output nodes that would run."""

    prompt: dict[str, Any] = field(repr=False, default_factory=dict)
    """The prompt with its constants converted."""


def validate_prompt(prompt: Mapping[str, Any] | str, *, own_session: Session | None = None) -> PromptReport:
    """Check an API prompt as ComfyUI's server does. Raises ``PromptFormatError`` for what is no prompt."""
    checked = {
        node_id: {**entry, "inputs": dict(entry.get("inputs", {}))} for node_id, entry in as_prompt(prompt).items()
    }
    return _Validation(checked, (own_session or session()).library).report()


class _Validation:
    """One prompt while it is checked; its constants are converted in place."""

    def __init__(self, prompt: dict[str, Any], library: Library) -> None:
        self._prompt = prompt
        self._library = library
        self._errors: dict[str, list[Error]] = {}
        self._valid: dict[str, bool] = {}

    def report(self) -> PromptReport:
        for node_id, entry in self._prompt.items():
            kind = entry.get("class_type")
            if kind is None or self._library.find(kind) is None:
                known = f"node {kind} does not exist" if kind else "a node is missing the class_type property"
                message = f"Cannot execute because {known}."
                return PromptReport(_error("invalid_prompt", message, f"Node ID '#{node_id}'"), {}, (), self._prompt)
        outputs = [node_id for node_id in self._prompt if self._type(node_id).is_output]
        if not outputs:
            return PromptReport(_error("prompt_no_outputs", "Prompt has no outputs", ""), {}, (), self._prompt)
        good: list[str] = []
        dependent: dict[str, list[str]] = {}
        for output in outputs:
            if self._check_output(output):
                good.append(output)
                continue
            for node_id, errors in self._errors.items():
                if errors:
                    dependent.setdefault(node_id, []).append(output)
        return PromptReport(
            None if good else self._all_failed(outputs), self._node_errors(dependent), tuple(good), self._prompt
        )

    def _all_failed(self, outputs: list[str]) -> Error:
        lines = [
            f"{each['message']}: {each['details']}" for node_id in outputs for each in self._errors.get(node_id, [])
        ]
        return _error("prompt_outputs_failed_validation", "Prompt outputs failed validation", "\n".join(lines))

    def _node_errors(self, dependent: Mapping[str, list[str]]) -> dict[str, dict[str, Any]]:
        return {
            node_id: {
                "errors": errors,
                "dependent_outputs": dependent.get(node_id, []),
                "class_name": self._prompt[node_id]["class_type"],
            }
            for node_id, errors in self._errors.items()
            if errors
        }

    def _type(self, node_id: str) -> NodeType:
        return self._library.get(self._prompt[node_id]["class_type"])

    def _check_output(self, node_id: str) -> bool:
        try:
            return self._check_all(node_id)
        except (LookupError, RecursionError) as error:
            if not isinstance(error, RecursionError):
                details = {"exception_type": type(error).__name__, "traceback": []}
                self._errors.setdefault(node_id, []).append(
                    _error("exception_during_validation", "Exception when validating node", str(error), details)
                )
            return False

    def _check_all(self, root: str) -> bool:
        """Check a node after all that it needs; without recursion, since prompts may be deep."""
        order: list[str] = []
        state: dict[str, bool] = {}
        stack = [(root, iter(self._sources(root)))]
        state[root] = False
        while stack:
            node_id, sources = stack[-1]
            source = next(sources, None)
            if source is None:
                stack.pop()
                state[node_id] = True
                order.append(node_id)
            elif source not in state and source in self._prompt and source not in self._valid:
                state[source] = False
                stack.append((source, iter(self._sources(source))))
            elif state.get(source) is False:
                raise RecursionError("the prompt has a cycle")
        for node_id in order:
            if node_id not in self._valid:
                self._valid[node_id] = self._check_node(node_id)
        return self._valid[root]

    def _sources(self, node_id: str) -> list[str]:
        inputs, declared = self._prompt[node_id]["inputs"], self._type(node_id).inputs
        given = [inputs.get(spec.name) for spec in declared]
        return [each[0] for each in given if _is_pair(each) and isinstance(each[0], str)]

    def _check_node(self, node_id: str) -> bool:
        inputs = self._prompt[node_id]["inputs"]
        errors: list[Error] = []
        is_valid = True
        for spec in self._type(node_id).inputs:
            if spec.name not in inputs:
                if _is_declared_required(spec):
                    extra = {"input_name": spec.name}
                    errors.append(_error("required_input_missing", "Required input is missing", spec.name, extra))
                continue
            found = (
                self._check_link(spec, inputs[spec.name])
                if isinstance(inputs[spec.name], list)
                else self._check_constant(spec, inputs)
            )
            if isinstance(found, dict):
                errors.append(found)
            is_valid &= found is True or isinstance(found, dict)
        self._errors[node_id] = errors
        return is_valid and not errors

    def _check_link(self, spec: InputSpec, value: list[Any]) -> Error | bool:
        """Return an error, or whether the source is valid."""
        if len(value) != LINK_LENGTH:
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            return _error("bad_linked_input", message, spec.name, _extra(spec, received_value=value))
        source, index = value
        if source not in self._prompt:
            raise LookupError(f"'{source}'")
        outputs = self._type(source).outputs
        received = outputs[int(index)].port
        if not _fits(received, spec.port):
            details = f"{spec.name}, received_type({received}) mismatch input_type({spec.port})"
            extra = _extra(spec, received_type=received, linked_node=value)
            return _error("return_type_mismatch", "Return type mismatch between linked nodes", details, extra)
        return self._valid.get(source, False)

    def _check_constant(self, spec: InputSpec, inputs: dict[str, Any]) -> Error | bool:
        value = unwrap(inputs[spec.name])
        try:
            value = coerce(spec.port, value)
        except (TypeError, ValueError, OverflowError) as error:
            extra = _extra(spec, received_value=value, exception_message=str(error))
            message = f"Failed to convert an input value to a {spec.port} value"
            return _error("invalid_input_type", message, f"{spec.name}, {value}, {error}", extra)
        inputs[spec.name] = value
        return _out_of_range(spec, value) or True


def _out_of_range(spec: InputSpec, value: Any) -> Error | None:
    widget = spec.widget or {}
    low, high, options = widget.get("min"), widget.get("max"), widget.get("options")
    extra = _extra(spec, received_value=value)
    if low is not None and value < low:
        return _error("value_smaller_than_min", f"Value {value} smaller than min of {low}", spec.name, extra)
    if high is not None and value > high:
        return _error("value_bigger_than_max", f"Value {value} bigger than max of {high}", spec.name, extra)
    if widget.get("kind") == "choice" and "files" not in widget and value not in (options or ()):
        is_long = len(options or ()) > _LISTED_OPTIONS
        listed = f"(list of length {len(options or ())})" if is_long else repr(list(options or ()))
        if is_long:
            extra["input_config"] = None
        return _error("value_not_in_list", "Value not in list", f"{spec.name}: '{value}' not in {listed}", extra)
    return None


def input_config(spec: InputSpec) -> list[Any]:
    """Return an input as ComfyUI declares it: its type (a combo's options), and what is said beside it."""
    widget = spec.widget or {}
    options = {} if spec.default is MISSING or spec.default is None else {"default": spec.default}
    options.update({name: widget[name] for name in ("min", "max", "step", "multiline") if widget.get(name) is not None})
    return [list(widget["options"]) if widget.get("kind") == "choice" else spec.port, options]


def _is_declared_required(spec: InputSpec) -> bool:
    """ComfyUI's server fills in no defaults; only inputs that may be None are optional there."""
    return spec.default is not None and not (spec.is_lazy and spec.default is None)


def _fits(received: str, declared: str) -> bool:
    """Say whether a link may be (A.7): equal, anything, or types in common. INT does not fit FLOAT."""
    if "*" in (received, declared) or received == declared:
        return True
    return bool({each.strip() for each in received.split(",")} & {each.strip() for each in declared.split(",")})


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == LINK_LENGTH


def _extra(spec: InputSpec, **more: Any) -> dict[str, Any]:
    return {"input_name": spec.name, "input_config": input_config(spec), **more}


def _error(kind: str, message: str, details: str, extra: dict[str, Any] | None = None) -> Error:
    return {"type": kind, "message": message, "details": details, "extra_info": extra or {}}
