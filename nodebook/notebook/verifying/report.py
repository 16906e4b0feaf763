"""What running again came to, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from nodebook.notebook.lock.check import Difference
from nodebook.notebook.lock.format import Lock, LockedResult
from nodebook.notebook.lock.likeness import JUST_SEEN, compare
from nodebook.tables import html_frame, html_heading, html_table, seconds_text, text_table

Verdict = Literal["identical", "close", "different", "missing"]

IDENTICAL, CLOSE, DIFFERENT, MISSING = "identical", "close", "different", "missing"
_WORST: tuple[Verdict, ...] = ("identical", "close", "different", "missing")
EXIT = {"identical": 0, "close": 0, "different": 1, "missing": 2}
"""Exit codes of ``nodebook verify``; 3 is for a call that it cannot make sense of, and a file without a lock."""

_PICTURE_PX = 128


@dataclass(frozen=True, slots=True)
class Compared:
    """One output: as it was locked, and as it is now."""

    node: str
    title: str
    output: str
    verdict: Verdict
    is_target: bool
    """Whether the run was for it; what led there is told, but counts for nothing."""
    locked: str
    now: str
    distance: float | None = None
    """How far apart the pictures look (``likeness``); None where these are no pictures, or of another size."""
    why: str = ""
    locked_pictures: tuple[str, ...] = ()
    now_pictures: tuple[str, ...] = ()
    """PNG in base64, small."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, without pictures."""
        names = ("node", "title", "output", "verdict", "is_target", "locked", "now", "distance", "why")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class GraphReport:
    """What became of one graph."""

    name: str
    verdict: Verdict
    results: tuple[Compared, ...] = ()
    differences: tuple[Difference, ...] = ()
    """What is not as the lock has it, whether or not it changed a result."""
    notices: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Difference, ...]:
        """What is not there, with where to get it."""
        return tuple(each for each in self.differences if each.state == "missing")

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "results": [each.to_json() for each in self.results],
            "differences": [each.to_json() for each in self.differences],
            "notices": list(self.notices),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What ``nb.verify`` and ``nodebook verify`` found. ``str`` is a table, ``_repr_html_`` has pictures beside it."""

    of: str
    """What was verified: a file, or a graph."""
    where: str
    """In which process it ran."""
    graphs: tuple[GraphReport, ...]
    cell_errors: tuple[str, ...] = ()
    tolerance: float = JUST_SEEN
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """The worst of all; ``missing`` too where a cell has raised."""
        found = worst(each.verdict for each in self.graphs)
        return "missing" if self.cell_errors else found

    @property
    def exit_code(self) -> int:
        """0: identical or close; 1: different; 2: something is missing, or a cell raised."""
        return EXIT[self.verdict]

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "of": self.of,
            "where": self.where,
            "verdict": self.verdict,
            "tolerance": self.tolerance,
            "seconds": round(self.seconds, 3),
            "cell_errors": list(self.cell_errors),
            "graphs": [each.to_json() for each in self.graphs],
        }

    def __str__(self) -> str:
        lines = [f"{self.of}: {self.verdict}, run again in {self.where} ({seconds_text(self.seconds)})"]
        lines += [f"  {error}" for error in self.cell_errors]
        for graph in self.graphs:
            lines += ["", f"{graph.name}: {graph.verdict}"]
            lines += [f"  {notice}" for notice in graph.notices]
            if graph.results:
                table = text_table(
                    ("result", "node", "output", "distance", "now"), [_row(each) for each in graph.results]
                )
                lines += [f"  {line}" for line in table.splitlines()]
            if graph.differences:
                lines.append("  not as locked:")
                lines += [f"    {line}" for each in graph.differences for line in str(each).splitlines()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        head = html_heading(self.of, f"{self.verdict}, run again in {self.where}, {seconds_text(self.seconds)}")
        errors = [f"<div>{escape(error)}</div>" for error in self.cell_errors]
        return html_frame(head, *errors, *map(_graph_html, self.graphs))


def worst(verdicts: Iterator[Verdict]) -> Verdict:
    """Return the worst of some verdicts; of none, ``missing``."""
    found = list(verdicts)
    return max(found, key=_WORST.index) if found else "missing"


def compare_locks(
    locked: Lock, now: Lock, errors: Mapping[str, str], pictures: Mapping[str, Sequence[str]], tolerance: float
) -> tuple[Compared, ...]:
    """Compare the results of two runs of a graph, node by node. ``errors``: why nodes of the second have none."""
    found = []
    for node, held in locked.nodes.items():
        after = now.nodes.get(node)
        for output, result in held.results.items():
            other = None if after is None else after.results.get(output)
            if other is None and node not in locked.targets and node not in errors:
                continue  # let go on the way to what the run was for
            verdict, distance, why = _compare(result, other, tolerance)
            if other is None:
                why = errors.get(node) or (
                    f"node {node} is not in the graph any more" if after is None else "no result"
                )
            elif verdict != IDENTICAL and held.volatile:
                why = why or "it runs each time"
            found.append(
                Compared(
                    node,
                    held.title or held.type,
                    output,
                    verdict,
                    is_target=node in locked.targets,
                    locked=result.shows,
                    now="nothing" if other is None else other.shows,
                    distance=distance,
                    why=why,
                    locked_pictures=result.pictures,
                    now_pictures=tuple(pictures.get(f"{node}.{output}", ())),
                )
            )
    return tuple(found)


def _compare(locked: LockedResult, now: LockedResult | None, tolerance: float) -> tuple[Verdict, float | None, str]:
    if now is None:
        return "missing", None, ""
    if locked.content is None:
        return _compare_kinds(locked, now)
    if locked.content == now.content:
        return "identical", 0.0 if locked.pictures else None, ""
    if not locked.pictures:
        return "different", None, ""
    if len(locked.pictures) != len(now.pictures):
        return "different", None, f"{len(locked.pictures)} pictures before, {len(now.pictures)} now"
    return _compare_pictures(locked.pictures, now.pictures, tolerance)


def _compare_kinds(locked: LockedResult, now: LockedResult) -> tuple[Verdict, float | None, str]:
    if now.content is None and locked.shows == now.shows:
        return "identical", None, "only its kind was compared: it has no content that could be"
    return "different", None, "the lock does not say what it was: run the graph again to lock it"


def _compare_pictures(locked: Sequence[str], now: Sequence[str], tolerance: float) -> tuple[Verdict, float | None, str]:
    try:
        distances = [compare(one, other) for one, other in zip(locked, now, strict=True)]
    except ValueError as error:
        return "different", None, str(error)
    known = [each for each in distances if each is not None]
    if len(known) < len(distances):
        return "different", None, "pictures of another size"
    far = max(known)
    return ("close" if far <= tolerance else "different"), far, ""


def _row(each: Compared) -> tuple[str, str, str, str, str]:
    mark = "" if each.is_target else " (on the way)"
    far = "" if each.distance is None else f"{each.distance:.2f}"
    why = f"{each.now}: {each.why}" if each.why else each.now
    return (f"{each.verdict}{mark}", f"{each.node} {each.title}", each.output, far, why)


def _graph_html(graph: GraphReport) -> str:
    parts = [f'<div style="margin: 8px 0 4px"><strong>{escape(graph.name)}</strong>: {graph.verdict}</div>']
    parts += [f"<div>{escape(notice)}</div>" for notice in graph.notices]
    if graph.results:
        rows = [_row(each) for each in graph.results]
        parts.append(html_table(("result", "node", "output", "distance", "now"), rows, numbers={3}))
    parts += [_side_by_side(each) for each in graph.results if each.is_target and each.verdict != IDENTICAL]
    if graph.differences:
        items = "".join(map(_difference_html, graph.differences))
        parts.append(f'<div>Not as locked:</div><ul style="margin: 0">{items}</ul>')
    return "\n".join(parts)


def _difference_html(each: Difference) -> str:
    words, _, lines = str(each).partition("\n")
    code = f'<pre style="margin: 0">{escape(lines)}</pre>' if lines else ""
    return f"<li>{escape(words)}{code}</li>"


def _side_by_side(each: Compared) -> str:
    """Show what a lock keeps of pictures, which is coarse, beside the pictures as they are now."""
    import base64
    import io

    from nodebook.notebook.lock.likeness import small_picture

    def shown(data: str, words: str) -> str:
        style = f"width: {_PICTURE_PX}px; margin: 4px 8px 4px 0"
        image = f'<img style="{style}" alt="{words}" src="data:image/png;base64,{data}">'
        return f'<figure style="display: inline-block; margin: 0">{image}<figcaption>{words}</figcaption></figure>'

    found = []
    for sight, now in zip(each.locked_pictures, each.now_pictures, strict=False):
        file = io.BytesIO()
        try:
            small_picture(sight).save(file, "PNG")
        except ValueError:
            continue
        found.append(shown(base64.b64encode(file.getvalue()).decode(), "as locked (16 x 16)") + shown(now, "now"))
    return f"<div>{'<br>'.join(found)}</div>" if found else ""
