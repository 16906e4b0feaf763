"""Recorded cases computed here, each once, and which names they are about. Used by ``tools.accuracy``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nodebook.models.text.prompt import tokenize
from tests.golden_data import GOLDEN, NUMERICS, array, deviation, recorded, tolerance_of
from tests.golden_graph import Graph, all_nodes, outputs, recorded_services
from tests.models.sampling.analytic import sampled
from tests.models.sampling.graphs import sampling_points
from tests.models.text.test_golden_text import as_recorded

if TYPE_CHECKING:
    from torch import Tensor

Case = dict[str, Any]
Wanted = list[tuple[Case, str]]
"""Recorded arrays: a case, and the name of one of its arrays."""

CLOSED_FORM = frozenset({"sampler_analytic"})
WITHOUT_NETWORK = frozenset({*CLOSED_FORM, "scheduler", "scheduler_nodes", "model_sampling"})
TOKENS = "tokens"
POINTS = "points"


@dataclass(frozen=True, slots=True)
class Pair:
    """How far one array is from the recorded one, and how far it may be."""

    deviation: float
    tolerance: float

    @property
    def share(self) -> float:
        """Of the tolerance; infinite where nothing was allowed."""
        if self.deviation == 0:
            return 0.0
        return self.deviation / self.tolerance if self.tolerance else math.inf


@dataclass(slots=True, eq=False)
class Runs:
    """All recorded cases; a case is computed when it is first asked for."""

    functions: dict[str, Any] = field(default_factory=all_nodes)
    services: dict[str, Any] = field(default_factory=recorded_services)
    _pairs: dict[str, dict[str, Pair]] = field(default_factory=dict)

    def cases(self, *kinds: str) -> list[Case]:
        """Return the cases of these kinds, or all."""
        return [case for case in recorded()["cases"] if not kinds or case["kind"] in kinds]

    def kinds(self) -> list[str]:
        """Return the kinds of cases that there are, as they are first met."""
        return list(dict.fromkeys(case["kind"] for case in self.cases()))

    def arrays(self, case: Case) -> list[str]:
        """Return which arrays of a case can be computed, in the order of its outputs. Traces are left to the tests."""
        if case["kind"] == TOKENS:
            return [TOKENS]
        if case["kind"] == "model_sampling":
            return [POINTS]
        graph = self._graph(case)
        built = [name for name, (node_id, _slot) in case["outputs"].items() if not graph.missing(node_id)]
        return [name for output in built for name in case["arrays"] if name.split("/")[0] == output]

    def pair(self, case: Case, name: str) -> Pair:
        """Return how far one array of a case is from the recorded one."""
        if case["id"] not in self._pairs:
            self._pairs[case["id"]] = self._compared(case)
        return self._pairs[case["id"]][name]

    def scheduler(self, name: str) -> Wanted:
        """Return the recorded noise levels of a scheduler."""
        wanted = [case for case in self.cases("scheduler") if case["id"].endswith(f"/{name}")]
        return [(case, each) for case in wanted for each in self.arrays(case)]

    def sampler(self, name: str, *, closed_form: bool) -> Wanted:
        """Return the recorded latents that a sampler made, of the model in closed form or of networks."""
        return [
            (case, output)
            for case in self._sampled(closed_form=closed_form)
            for output, (node_id, _slot) in case["outputs"].items()
            if output in self.arrays(case) and name in self._named(case, node_id, "sampler_name")
        ]

    def names_in_cases(self, menu: str, *, closed_form: bool) -> set[str]:
        """Return the names of a menu (``sampler_name``, ``scheduler``) that the cases use."""
        found = {
            name
            for case in self._sampled(closed_form=closed_form)
            for node_id, _slot in case["outputs"].values()
            for name in self._named(case, node_id, menu)
        }
        if closed_form:
            noise_levels = self.cases("scheduler")
            found |= {node["inputs"].get(menu) for case in noise_levels for node in case["graph"].values()} - {None}
        return found

    def not_built(self) -> dict[str, list[str]]:
        """Return the node types that are missing here, each with the outputs that need it, as ``case: output``."""
        found: dict[str, list[str]] = {}
        for case in self.cases():
            for output, (node_id, _slot) in case.get("outputs", {}).items():
                for class_type in self._graph(case).missing(node_id):
                    if class_type != "GoldenSamplingPoints":
                        found.setdefault(class_type, []).append(f"{output} of {case['id']}")
        return found

    def menu(self, name: str) -> set[str]:
        """Return what ComfyUI's KSampler offers in a menu."""
        schema = json.loads((GOLDEN / "object_schema.json").read_text())
        return set(schema["KSampler"]["input"]["required"][name][0])

    def _sampled(self, *, closed_form: bool) -> list[Case]:
        kinds = CLOSED_FORM if closed_form else frozenset(self.kinds()) - WITHOUT_NETWORK - {TOKENS}
        return self.cases(*kinds)

    def _named(self, case: Case, node_id: str, menu: str) -> Iterator[str]:
        """Yield the names of a menu in all that an output is made of; samplers with options are asked for theirs."""
        graph = self._graph(case)
        for each in graph.upstream(node_id):
            inputs = case["graph"][each]["inputs"]
            if menu in inputs:
                yield inputs[menu]
            elif menu == "sampler_name" and "sampler" in inputs and not graph.missing(inputs["sampler"][0]):
                yield graph.value(*inputs["sampler"]).name

    def _graph(self, case: Case) -> Graph:
        return Graph(case["graph"], self.functions, self.services)

    def _compared(self, case: Case) -> dict[str, Pair]:
        if case["kind"] == TOKENS:
            return {TOKENS: Pair(float(_different_tokens(case)), 0.0)}
        if case["kind"] == "model_sampling":
            return {POINTS: _points(case)}
        made = self._made(case)
        entries = {name: case["arrays"][name] for name in self.arrays(case)}
        return {
            name: Pair(deviation(made[name], array(entry["array"])), tolerance_of(entry))
            for name, entry in entries.items()
        }

    def _made(self, case: Case) -> dict[str, Tensor]:
        if case["kind"] in CLOSED_FORM:
            return {"latent": sampled(case)[0]}
        return outputs(case, self._graph(case))


def _different_tokens(case: Case) -> int:
    """Return how many tokens differ in id, weight or word; all of them where the chunks are not as many."""
    chunks = tokenize(case["text"], encoder="clip_l", folders=(NUMERICS / "embeddings",)).chunks
    found = [(as_recorded(token.value), token.weight, token.word) for chunk in chunks for token in chunk]
    rows = zip(case["tokens"]["l"], case["word_ids"]["l"], strict=True)
    expected = [
        (value, weight, word) for tokens, words in rows for (value, weight), word in zip(tokens, words, strict=True)
    ]
    if len(found) != len(expected):
        return max(len(found), len(expected))
    return sum(mine != theirs for mine, theirs in zip(found, expected, strict=True))


def _points(case: Case) -> Pair:
    """Return the point that takes most of a millionth of its value."""
    found = []
    for name, values in sampling_points(case).items():
        theirs = case["values"]["points"][name]
        pairs = zip(values, theirs, strict=True) if isinstance(values, list) else [(values, theirs)]
        found += [Pair(abs(mine - its), 1e-6 * abs(its)) for mine, its in pairs]
    return max(found, key=lambda each: each.share)
