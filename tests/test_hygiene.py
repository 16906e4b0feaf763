"""What must not be in the repository."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Absolute paths of someone's machine, and package servers: neither means anything elsewhere.
_MACHINE_PATH = re.compile(r"(?<![\w.$}~/-])/(?:root|work|home/\w+|Users/\w+)/[\w.-]+")
_REGISTRY = re.compile(r"(?:--(?:extra-)?index-url|--find-links|\"resolved\":\s*\"http)")
_TEXT_LIMIT_BYTES = 2_000_000
_FILE_LIMIT_BYTES = 3_000_000
_DEMO_MODEL = ROOT / "nodebook" / "models" / "data" / "checkpoints" / "nodebook-demo.safetensors"
_MODEL_LIMIT_BYTES = 16_000_000


def _git(*arguments: str) -> list[Path]:
    done = subprocess.run(["git", *arguments, "-z"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 -- git of this machine
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name]


def _files() -> list[Path]:
    """Every file that is or could be committed."""
    ignored = set(_git("ls-files", "--cached", "--ignored", "--exclude-standard"))
    listed = _git("ls-files", "--cached", "--others", "--exclude-standard")
    return [path for path in listed if path.is_file() and path not in ignored]


def find_machine_traces(text: str) -> list[str]:
    """Return the machine paths and registry addresses in a text."""
    return [found.group() for pattern in (_MACHINE_PATH, _REGISTRY) for found in pattern.finditer(text)]


def test_no_file_names_a_machine_or_a_registry() -> None:
    traces = {}
    for path in _files():
        if path == Path(__file__) or path.stat().st_size > _TEXT_LIMIT_BYTES:
            continue
        try:
            found = find_machine_traces(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
        if found:
            traces[str(path.relative_to(ROOT))] = found
    assert traces == {}


@pytest.mark.parametrize(
    ("text", "is_trace"),
    [
        ("open('/Users/anna/x.png')", True),
        ("/home/anna/pictures", True),
        ('"resolved": "https://example.org/react.tgz"', True),
        ("--index-url https://example.org/simple", True),
        ("see docs/work/main.md and $ROOT/work/x", False),
        ("https://example.org/Users/anna/file", False),
        ("the /Users page", False),
    ],
)
def test_the_search_for_traces(text: str, *, is_trace: bool) -> None:
    assert bool(find_machine_traces(text)) == is_trace


def test_no_ignored_file_is_tracked() -> None:
    tracked = _git("ls-files", "--cached", "--ignored", "--exclude-standard")
    assert [str(path.relative_to(ROOT)) for path in tracked[:5]] == []


def test_no_file_is_large() -> None:
    limits = {_DEMO_MODEL: _MODEL_LIMIT_BYTES}
    large = [path for path in _files() if path.stat().st_size > limits.get(path, _FILE_LIMIT_BYTES)]
    assert [str(path.relative_to(ROOT)) for path in large] == []


def test_notebooks_hold_no_state_run_times_or_errors() -> None:
    for path in _files():
        if path.suffix != ".ipynb":
            continue
        notebook = json.loads(path.read_text(encoding="utf-8"))
        assert "widgets" not in notebook["metadata"], f"{path.name} holds saved widget state"
        for cell in notebook["cells"]:
            assert "execution" not in cell["metadata"], f"{path.name} holds run times"
            for output in cell.get("outputs", ()):
                assert output["output_type"] != "error", f"{path.name} holds an error: {output}"
                assert output.get("name") != "stderr", f"{path.name} holds a warning: {output}"
