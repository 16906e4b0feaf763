"""``g.sweep``: one run for each combination of named inputs, and what came of them side by side."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, overload

from nodebook.engine.words import clipped
from nodebook.errors import InputValueError, RunFailedError
from nodebook.handles import live
from nodebook.notebook.progress import Series
from nodebook.tables import data_uri, seconds_text, text_table

if TYPE_CHECKING:
    import pandas as pd

    from nodebook.graph import Graph
    from nodebook.handles import NodeHandle, Output
    from nodebook.runs import Run

SHOWN_ROWS = 100
"""Rows that a cell shows; the others are in ``frame``."""
_SIDE_PX = {4: 192, 8: 128}
_SMALL_SIDE_PX = 96
_VALUE_CHARS = 60


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One run of a sweep: the named inputs that it got, and what its targets made, by their titles."""

    inputs: Mapping[str, Any]
    run: Run
    results: Mapping[str, Any]
    """Title of a target → its picture or value; a list where there are several. Targets that failed are absent."""

    @property
    def error(self) -> str | None:
        """What went wrong, None where nothing did."""
        return None if not self.run.errors else "; ".join(str(each) for each in self.run.errors.values())


class Sweep(Sequence[SweepRow]):
    """The rows of a sweep, in the order in which they ran. A cell shows its pictures as a table."""

    def __init__(self, axes: Mapping[str, Sequence[Any]], rows: Sequence[SweepRow], *, is_paired: bool) -> None:
        self.axes = axes
        """Named input → the values that it took."""
        self._rows = tuple(rows)
        self._is_paired = is_paired

    @overload
    def __getitem__(self, index: int) -> SweepRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SweepRow]: ...
    def __getitem__(self, index: int | slice) -> SweepRow | Sequence[SweepRow]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, **inputs: Any) -> SweepRow:
        """Return the only row with these inputs. Raises ``InputValueError`` where none or several have them."""
        found = [row for row in self._rows if all(row.inputs.get(name) == value for name, value in inputs.items())]
        if len(found) == 1:
            return found[0]
        asked = ", ".join(f"{name}={value!r}" for name, value in inputs.items())
        names = ", ".join(self.axes)
        raise InputValueError(f"{len(found)} rows of the sweep have {asked}, expected one. Name all of: {names}.")

    @property
    def frame(self) -> pd.DataFrame:
        """Inputs, results, seconds and error as a table. Raises ``ModuleNotFoundError`` without pandas."""
        import pandas as pd

        return pd.DataFrame(
            [{**row.inputs, **row.results, "seconds": row.run.seconds, "error": row.error} for row in self._rows]
        )

    def check(self) -> Sweep:
        """Return this sweep, or raise ``RunFailedError`` when a run of it failed."""
        failed = [f"  {_inputs_text(row)}: {row.error}" for row in self._rows if row.error]
        if failed:
            raise RunFailedError("\n".join([f"{len(failed)} of {len(self)} runs failed:", *failed]))
        return self

    def __repr__(self) -> str:
        """Say what each row came to; without times, so that notebooks stay the same when run again."""
        head = [*self.axes, *self._titles(), "outcome"]
        rows = [
            [*_texts(row.inputs, self.axes), *_texts(row.results, self._titles()), row.error or row.run.outcome]
            for row in self._rows[:SHOWN_ROWS]
        ]
        rest = [f"… and {len(self) - SHOWN_ROWS} more"] if len(self) > SHOWN_ROWS else []
        return "\n".join([text_table(head, rows), *rest])

    def _titles(self) -> list[str]:
        return list(dict.fromkeys(title for row in self._rows for title in row.results))

    def _repr_html_(self) -> str:
        varied = [name for name, values in self.axes.items() if len(values) > 1]
        if len(self._titles()) == 1 and not self._is_paired and 1 <= len(varied) <= 2 and len(self) <= SHOWN_ROWS:  # noqa: PLR2004 -- rows and columns
            return self._grid_html(varied)
        return self._list_html()

    def _grid_html(self, varied: list[str]) -> str:
        """Return the results of one target by one or two inputs."""
        across, down = varied[-1], varied[0] if len(varied) > 1 else None
        columns = self.axes[across]
        lines: Sequence[Any] = self.axes[down] if down else [None]
        side = next((side for most, side in _SIDE_PX.items() if len(columns) <= most), _SMALL_SIDE_PX)
        by_place = dict(zip(itertools.product(range(len(lines)), range(len(columns))), self._rows, strict=True))
        head = "".join(_cell("th", f"{escape(across)}: {_value_html(value)}") for value in columns)
        html = ['<table style="border-collapse: collapse">']
        html.append(f"<thead><tr>{_cell('th', '') if down else ''}{head}</tr></thead><tbody>")
        for at, line in enumerate(lines):
            cells = [_cell("th", f"{escape(down)}: {_value_html(line)}")] if down else []
            cells += [_cell("td", _result_html(by_place[at, column], side)) for column in range(len(columns))]
            html.append(f"<tr>{''.join(cells)}</tr>")
        return "\n".join([*html, "</tbody></table>"])

    def _list_html(self) -> str:
        """Return one line for each run."""
        titles = self._titles()
        html = ['<table style="border-collapse: collapse">']
        heads = [*map(escape, [*self.axes, *titles]), "time"]
        html.append(f"<thead><tr>{''.join(_cell('th', each) for each in heads)}</tr></thead><tbody>")
        for row in self._rows[:SHOWN_ROWS]:
            cells = [_value_html(row.inputs.get(name)) for name in self.axes]
            cells += [_result_html(row, _SMALL_SIDE_PX, title) for title in titles]
            cells.append(escape(seconds_text(row.run.seconds)))
            html.append(f"<tr>{''.join(_cell('td', each) for each in cells)}</tr>")
        if len(self) > SHOWN_ROWS:
            html.append(f'<tr><td colspan="{len(heads)}">… and {len(self) - SHOWN_ROWS} more: see .frame</td></tr>')
        return "\n".join([*html, "</tbody></table>"])


def sweep(
    graph: Graph, targets: tuple[str | NodeHandle | Output, ...], inputs: Mapping[str, Any], *, paired: bool
) -> Sweep:
    """Run a graph once for each combination; ``NotebookMethods.sweep`` has the contract."""
    axes = {name: _values(given) for name, given in inputs.items()}
    for name, values in axes.items():
        if not values:
            raise InputValueError(f"{name} has no value to sweep over, expected at least one.")
    if paired and len({len(values) for values in axes.values() if len(values) > 1}) > 1:
        counts = ", ".join(f"{name} has {len(values)}" for name, values in axes.items())
        raise InputValueError(
            f"Paired inputs need as many values each, got: {counts}. Leave out paired=True to combine."
        )
    if graph.store.stops:
        raise InputValueError(
            "A sweep cannot pause between its runs, and this graph has breaks. Take them away first: g.clear_breaks()."
        )
    wanted = list(_combinations(axes, paired=paired))
    rows = []
    with Series("Sweep", len(wanted)) as series:
        for each in wanted:
            rows.append(_row(graph, targets, each))
            series.count()
    return Sweep(axes, rows, is_paired=paired)


def _combinations(axes: Mapping[str, Sequence[Any]], *, paired: bool) -> Iterator[dict[str, Any]]:
    """Yield the inputs of each run, the last one varying fastest."""
    if not paired:
        for values in itertools.product(*axes.values()):
            yield dict(zip(axes, values, strict=True))
        return
    count = max((len(values) for values in axes.values()), default=1)
    for at in range(count):
        yield {name: values[at if len(values) > 1 else 0] for name, values in axes.items()}


def _values(given: Any) -> Sequence[Any]:
    """Return what an input takes in turn: the items of something with several, or the one value itself."""
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes, Mapping)):
        return list(given)
    return [given]


def _row(graph: Graph, targets: tuple[str | NodeHandle | Output, ...], inputs: dict[str, Any]) -> SweepRow:
    run = graph.run(*targets, **inputs)
    return SweepRow(inputs, run, _results(graph, run))


def _results(graph: Graph, run: Run) -> dict[str, Any]:
    """Return what the targets of a run made, by their titles: as this run made it, whatever ran meanwhile."""
    found: dict[str, Any] = {}
    store = graph.store
    with store.lock:
        kept = store.results if store.last_run is run else {}
    for node_id, key in run.keys.items():
        entry = kept.get(node_id) or graph.session.lookup(key)
        if entry is None or node_id in run.errors:
            continue
        node_type = graph[node_id].type if node_id in graph else None
        specs = node_type.outputs if node_type is not None else ()
        made = entry.payload.get("images") or [
            live(value, spec) for value, spec in zip(entry.outputs, specs, strict=False)
        ]
        title = graph.title_of(node_id) if node_type is not None else node_id
        if title in found:
            title = f"{title} ({node_id})"
        found[title] = made[0] if len(made) == 1 else list(made)
    return found


def _texts(held: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    return [_short(held[name]) if name in held else "" for name in names]


def _short(value: Any) -> str:
    if isinstance(value, (str, int, float, bool)):
        text = str(value)
    else:
        size = getattr(value, "size", None) or getattr(value, "shape", None)
        text = f"{type(value).__name__} {size}" if isinstance(size, tuple) else type(value).__name__
    return clipped(text, _VALUE_CHARS)


def _inputs_text(row: SweepRow) -> str:
    return ", ".join(f"{name}={_short(value)}" for name, value in row.inputs.items())


def _value_html(value: Any) -> str:
    return escape(_short(value))


def _result_html(row: SweepRow, side: int, title: str | None = None) -> str:
    """Return a result as a small picture, or in words."""
    if row.error:
        return f'<span style="color: var(--jp-error-color1, #b00020)">{escape(row.error)}</span>'
    made = row.results.get(title) if title is not None else next(iter(row.results.values()), None)
    first = made[0] if isinstance(made, list) and made else made
    if not _is_picture(first):
        return "" if made is None else _value_html(made)
    from nodebook.nodes.thumbnails import encode_thumbnail

    small = encode_thumbnail(first, 2 * side)
    scale = min(1.0, side / max(small.width, small.height))
    width, height = round(small.width * scale), round(small.height * scale)
    words = escape(_inputs_text(row), quote=True)
    source = data_uri(small.data, small.mime)
    return f'<img src="{source}" width="{width}" height="{height}" alt="{words}" title="{words}">'


def _is_picture(value: Any) -> bool:
    """Say whether it is a PIL picture, or a tensor of pictures ``[B, H, W, C]``."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if kind.startswith("PIL."):
        return True
    return kind == "torch.Tensor" and value.ndim == 4 and value.shape[-1] in (1, 3, 4)  # noqa: PLR2004 -- the layout


def _cell(tag: str, html: str) -> str:
    return f'<{tag} style="text-align: left; vertical-align: top; padding: 4px 8px">{html}</{tag}>'
