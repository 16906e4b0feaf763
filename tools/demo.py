"""Run the notebook of the README from end to end, say where its picture is, and open JupyterLab on it.

    python -m tools.demo [--no-lab]

Works on a copy in build/demo, so that the checkout stays clean. Without a terminal it ends after the run.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "text_to_image.ipynb"
FOLDER = ROOT / "build" / "demo"
PICTURES = {".png", ".jpg", ".jpeg", ".webp"}
CELL_TIMEOUT_S = 300


class DemoError(RuntimeError):
    """The demo cannot run or did not give a picture; the message says what to do."""


def prepare() -> Path:
    """Copy the notebook and what lies beside it to a fresh build/demo; return the copy's path.

    An earlier build/demo is moved aside, not deleted: somebody may have worked in it.
    """
    if not NOTEBOOK.is_file():
        raise DemoError(f"{NOTEBOOK.relative_to(ROOT)} is missing: is this a whole checkout of nodebook?")
    if FOLDER.exists():
        kept = next(path for path in (FOLDER.with_name(f"demo-{n}") for n in itertools.count(1)) if not path.exists())
        FOLDER.rename(kept)
        print(f"The last demo is kept in {kept.relative_to(ROOT)}.")
    ignored = shutil.ignore_patterns("*.ipynb", ".ipynb_checkpoints", ".nodebook", "output", "temp")
    shutil.copytree(NOTEBOOK.parent, FOLDER, ignore=ignored)
    return Path(shutil.copy(NOTEBOOK, FOLDER))


def execute(path: Path) -> None:
    """Execute the notebook in place; what ran is kept in it also when a cell fails."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook: NotebookNode = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--log-level=ERROR"],  # the kernel warns of TCP; it is our own, on this machine
        store_widget_state=False,  # would put the whole bundle into the notebook
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise DemoError(f"A cell of {path.relative_to(ROOT)} failed:\n{error}") from error
    finally:
        nbformat.write(notebook, path)


def find_picture(since: float) -> Path:
    """Return the newest picture that was saved under build/demo after `since` (seconds since the epoch)."""
    pictures = [path for path in FOLDER.rglob("*") if path.suffix.lower() in PICTURES and path.stat().st_mtime >= since]
    if not pictures:
        raise DemoError(f"The notebook ran but saved no picture under {FOLDER.relative_to(ROOT)}.")
    return max(pictures, key=lambda path: path.stat().st_mtime)


def open_lab(path: Path) -> int:
    """Open JupyterLab on the notebook and wait until it is closed."""
    print("\nOpening JupyterLab on it. Close with Ctrl-C.", flush=True)
    command = [sys.executable, "-m", "jupyter", "lab", "--ip=127.0.0.1", f"--notebook-dir={FOLDER}", str(path)]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # JupyterLab refuses root otherwise
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 0


def main() -> int:
    """Run the demo; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-lab", action="store_true", help="end after the run")
    arguments = parser.parse_args()
    try:
        path = prepare()
        started = time.time()
        print(f"Executing {NOTEBOOK.relative_to(ROOT)} ...", flush=True)
        execute(path)
        picture = find_picture(started)
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"error: {error.name} is not installed: run the demo with `make demo`.", file=sys.stderr)
        return 1
    print(f"Done in {time.time() - started:.1f} s.")
    print(f"  picture:  {picture.relative_to(ROOT)}")
    print(f"  notebook: {path.relative_to(ROOT)}")
    if arguments.no_lab or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return 0
    return open_lab(path)


if __name__ == "__main__":
    sys.exit(main())
