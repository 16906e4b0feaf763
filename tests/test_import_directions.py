"""Who may import whom: `cli -> {widget -> notebook, comfy} -> session layer -> nodes -> {engine, models, assets}`.

Imports are read from the syntax tree, also inside functions; only `if TYPE_CHECKING:` blocks are free of the rule on
outside packages, since nothing there is ever loaded. Between rooms it holds there too.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parent.parent / "nodebook"

_SESSION = "session"  # stands for every top-level module without a room of its own
_BASE = frozenset({"engine", "models", "assets"})
_TOP = frozenset({"widget", "notebook", "comfy", "cli"})

MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    **{room: frozenset({"errors"}) for room in _BASE},
    "nodes": _BASE | {"errors"},
    _SESSION: _BASE | {"errors", "nodes"},
    "notebook": _BASE | {"errors", "nodes", _SESSION},
    "comfy": _BASE | {"errors", "nodes", _SESSION},
    "widget": _BASE | {"errors", "nodes", _SESSION, "notebook"},  # a cell's output holds what notebooks keep
    "cli": _BASE | _TOP | {"errors", "nodes", _SESSION},
    "__main__": frozenset({"cli"}),
    "__init__": _BASE | _TOP | {"errors", "nodes", _SESSION},  # the public names, each resolved on first use
}

_JUPYTER = frozenset({"anywidget", "comm", "ipykernel", "ipywidgets", "IPython", "jupyter_client", "traitlets"})
_SQL = frozenset({"alembic", "sqlalchemy", "sqlite3"})
_MODEL_LIBRARIES = frozenset({"diffusers", "safetensors", "torch", "transformers"})

NEVER_LOADED_BY: dict[str, frozenset[str]] = {
    # Values of these libraries are recognised by asking sys.modules, so that the engine runs without them.
    "engine": _JUPYTER | _SQL | _MODEL_LIBRARIES | {"PIL", "numpy"},
    "models": _JUPYTER | _SQL,
    "assets": _JUPYTER | _MODEL_LIBRARIES,
    "errors": _JUPYTER | _SQL | _MODEL_LIBRARIES | {"PIL", "numpy"},
}

DOOR = "notebookmethods.py"
"""Says what methods of a graph give that a room above makes: only a type checker sees those names."""

NEVER_LOADED_BY_IMPORT_NODEBOOK = ["torch", "anywidget", "ipywidgets", "numpy", "PIL", "IPython"]


@dataclass(frozen=True)
class Import:
    """One imported module, where it is imported, and whether only a type checker sees it."""

    path: Path
    line: int
    module: str
    for_types: bool


def find_violations(package: Path) -> list[str]:
    """Return one sentence for each import in the package that goes against the directions."""
    return [
        f"{found.path.relative_to(package.parent)}:{found.line}: {reason}"
        for path in sorted(package.rglob("*.py"))
        if "js" not in path.relative_to(package).parts
        for found in _imports(path, package)
        if (reason := _why_not(room_of(path.relative_to(package)), found, package.name))
    ]


def room_of(path: Path) -> str:
    """Return the room of a file, given relative to the package."""
    first = path.parts[0].removesuffix(".py")
    return first if first in MAY_IMPORT else _SESSION


def _why_not(room: str, found: Import, package: str) -> str | None:
    first, *rest = found.module.split(".")
    if first != package:
        if found.for_types or first not in NEVER_LOADED_BY.get(room, ()):
            return None
        return f"{room} must not import {first}"
    if not rest:
        # `import nodebook` from inside reaches every room, through the lazy names
        return None if room in _TOP | {"__init__"} else f"{room} must not import the package's public names"
    target = room_of(Path(rest[0]))
    if target == room or target in MAY_IMPORT[room]:
        return None
    if found.for_types and found.path.name == DOOR and target == "notebook":
        return None
    return f"{room} must not import {target} ({found.module})"


def _imports(path: Path, package: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for_types = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for child in ast.walk(statement)
    }
    for node in ast.walk(tree):
        for module in _modules_of(node, path, package):
            yield Import(path, getattr(node, "lineno", 0), module, id(node) in for_types)


def _modules_of(node: ast.AST, path: Path, package: Path) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            base = ".".join((*path.relative_to(package.parent).parts[:-level], *filter(None, [module])))
            base = base if level else module or ""
            if (
                base == package.name
            ):  # `from nodebook import session` names modules, `from nodebook import Graph` does not
                return [f"{base}.{alias.name}" if _is_module(package, alias.name) else base for alias in names]
            return [base]
        case ast.Call(func=func, args=[ast.Constant(value=str(module)), *_]) if _imports_by_name(func):
            return [module]
    return []


def _imports_by_name(func: ast.expr) -> bool:
    return ast.unparse(func).rpartition(".")[2] in {"import_module", "__import__"}


def _is_module(package: Path, name: str) -> bool:
    return (package / f"{name}.py").is_file() or (package / name).is_dir()


def test_the_package_keeps_the_directions() -> None:
    assert find_violations(PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "source", "expected"),
    [
        ("engine/plan.py", "from nodebook.assets import store", "engine must not import assets"),
        ("engine/plan.py", "def f():\n    import torch", "engine must not import torch"),
        ("engine/plan.py", "def f():\n    import numpy.linalg", "engine must not import numpy"),
        ("engine/plan.py", "import importlib\nimportlib.import_module('PIL.Image')", "engine must not import PIL"),
        ("engine/plan.py", "from ..session import Session", "engine must not import session"),
        ("engine/plan.py", "from .. import graph", "engine must not import session"),
        ("engine/plan.py", "from nodebook import Graph", "engine must not import the package's public names"),
        (
            "engine/plan.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import nodebook.graph",
            "engine must",
        ),
        ("assets/store.py", "import torch", "assets must not import torch"),
        ("models/pool.py", "from nodebook.engine.events import Event", "models must not import engine"),
        ("nodes/image.py", "from nodebook.graph import Graph", "nodes must not import session"),
        ("sessions.py", "from nodebook import widget", "session must not import widget"),
        ("graph.py", "def f():\n    from nodebook.widget.editor import Editor", "session must not import widget"),
        ("errors.py", "import nodebook.engine", "errors must not import engine"),
        ("widget/editor.py", "from nodebook.comfy.prompt import to_prompt", "widget must not import comfy"),
        ("notebook/lock.py", "from nodebook.widget.sync import GraphSync", "notebook must not import widget"),
        ("notebookmethods.py", "from nodebook.notebook.lock import Lock", "session must not import notebook"),
    ],
)
def test_a_violation_is_found(tmp_path: Path, file: str, source: str, expected: str) -> None:
    package = _write_package(tmp_path, file, source)
    violations = find_violations(package)
    assert len(violations) == 1
    assert expected in violations[0]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("__init__.py", "from nodebook.graph import Graph"),
        ("engine/plan.py", "from nodebook.engine.graph import State\nfrom nodebook.errors import NodebookError"),
        ("engine/plan.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch"),
        ("nodes/image.py", "import torch\nfrom nodebook.engine.types import node\nfrom ..assets import store"),
        ("sessions.py", "import nodebook.nodes\nfrom nodebook import graph"),
        ("widget/editor.py", "import anywidget\nfrom nodebook import Graph\nfrom nodebook.sessions import Session"),
        ("widget/editor.py", "from nodebook.notebook.stored import StoredGraph"),
        ("cli.py", "from nodebook.notebook import lock\nfrom nodebook.comfy.prompt import to_prompt"),
        (
            "notebookmethods.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from nodebook.notebook.lock import Lock",
        ),
        ("js/tool.py", "import torch"),
    ],
)
def test_an_allowed_import_is_not(tmp_path: Path, file: str, source: str) -> None:
    assert find_violations(_write_package(tmp_path, file, source)) == []


def _write_package(folder: Path, file: str, source: str) -> Path:
    package = folder / "nodebook"
    for name in (
        "__init__.py",
        "errors.py",
        "sessions.py",
        "graph.py",
        "widget/__init__.py",
        "assets/__init__.py",
        file,
    ):
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (package / file).write_text(source)
    return package


def test_import_nodebook_loads_nothing_heavy() -> None:
    code = "import sys, json, nodebook; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert set(json.loads(done.stdout)).isdisjoint(NEVER_LOADED_BY_IMPORT_NODEBOOK)
