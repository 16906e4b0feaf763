"""Tables for people: the first rows of a data frame or of a list of records, as JSON."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from nodebook.engine.structured import is_structured
from nodebook.engine.words import clipped

MAX_ROWS = 200
MAX_COLUMNS = 50
MAX_CELL_CHARS = 200
_MAX_SAFE = 2**53

Cell = bool | int | float | str | None


def is_table(value: Any) -> bool:
    """Say whether a value is a data frame, a series, a table of Arrow, a list of records, or an object of fields."""
    if any(isinstance(value, kind) for kind in _frame_kinds()) or is_structured(type(value)):
        return True
    return (
        isinstance(value, (list, tuple)) and bool(value) and all(isinstance(row, Mapping) for row in value[:MAX_ROWS])
    )


def table_json(value: Any) -> dict[str, Any]:
    """Return columns (name and type) and the first rows, and how many of each there are in all.

    Raises ``TypeError`` for what is no table.
    """
    if not is_table(value):
        raise TypeError(
            f"A table is a data frame of pandas, polars or pyarrow, or a list of dicts; got {type(value).__name__}"
        )
    columns, rows, total_rows, total_columns = _parts(value)
    return {
        "columns": [[str(name), kind] for name, kind in columns],
        "rows": [[_cell(each) for each in row] for row in rows],
        "total_rows": total_rows,
        "total_columns": total_columns,
    }


def _frame_kinds() -> list[type]:
    """Return the classes of libraries that are loaded: a value of one that is not cannot be there."""
    names = (
        ("pandas", "DataFrame"),
        ("pandas", "Series"),
        ("polars", "DataFrame"),
        ("polars", "Series"),
        ("pyarrow", "Table"),
    )
    found = (getattr(sys.modules.get(module), name, None) for module, name in names)
    return [kind for kind in found if isinstance(kind, type)]


Parts = tuple[list[tuple[Any, str]], Sequence[Sequence[Any]], int, int]


def _parts(value: Any) -> Parts:
    if is_structured(type(value)):
        return _records([{"field": name, "value": held} for name, held in _fields(value).items()])
    module = type(value).__module__.partition(".")[0]
    if module == "pandas":
        return _pandas(value)
    if module == "polars":
        frame = value.to_frame() if type(value).__name__ == "Series" else value
        shown = frame[:, :MAX_COLUMNS].head(MAX_ROWS)
        columns = [(name, str(kind)) for name, kind in zip(shown.columns, shown.dtypes, strict=True)]
        return columns, shown.rows(), frame.height, frame.width
    if module == "pyarrow":
        shown = value.slice(0, MAX_ROWS).select(value.column_names[:MAX_COLUMNS])
        columns = [(field.name, str(field.type)) for field in shown.schema]
        lists = [column.to_pylist() for column in shown.columns]
        return columns, list(zip(*lists, strict=True)), value.num_rows, value.num_columns
    return _records(value)


def _fields(value: Any) -> dict[str, Any]:
    names = [each.name for each in fields(value)] if is_dataclass(value) else list(type(value).model_fields)
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def _pandas(value: Any) -> Parts:
    frame = value.to_frame() if value.ndim == 1 else value
    shown = frame.iloc[:MAX_ROWS, :MAX_COLUMNS]
    columns = [(name, str(kind)) for name, kind in zip(shown.columns, shown.dtypes, strict=True)]
    # By position: names may come twice.
    cells = [shown.iloc[:, at].tolist() for at in range(shown.shape[1])]
    if type(frame.index).__name__ != "RangeIndex" or frame.index.name is not None:
        columns.insert(0, ("" if frame.index.name is None else frame.index.name, "index"))
        cells.insert(0, shown.index.tolist())
    rows = list(zip(*cells, strict=True)) if cells else [()] * len(shown)
    return columns, rows, len(frame), frame.shape[1] + len(columns) - shown.shape[1]


def _records(value: Sequence[Mapping[Any, Any]]) -> Parts:
    names = list(dict.fromkeys(name for row in value[:MAX_ROWS] for name in row))
    shown = names[:MAX_COLUMNS]
    rows = [[row.get(name) for name in shown] for row in value[:MAX_ROWS]]
    kinds = [next((type(row[at]).__name__ for row in rows if row[at] is not None), "") for at in range(len(shown))]
    return list(zip(shown, kinds, strict=True)), rows, len(value), len(names)


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, (bool, str)):
        return value if value is None or isinstance(value, bool) else clipped(value, MAX_CELL_CHARS)
    if isinstance(value, int):
        return value if abs(value) < _MAX_SAFE else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    number = getattr(value, "item", None)  # of NumPy
    if callable(number) and getattr(value, "ndim", 1) == 0:
        return _cell(number()) if type(number()) is not type(value) else clipped(str(value), MAX_CELL_CHARS)
    return None if str(value) in {"<NA>", "NaT"} else clipped(str(value), MAX_CELL_CHARS)
