"""Telling git how to show notebooks and graphs: lines of an attributes file, and a driver in git's configuration."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nodebook.engine.files import write_atomic
from nodebook.notebook.errors import GitError

PATTERNS = ("*.ipynb", "*.nodebook.json")
_DRIVER = "nodebook"


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where to write: one repository, or all of a user."""

    flag: str
    attributes: Path
    folder: Path


def driver_commands() -> dict[str, str]:
    """Return the settings of git's driver, by name.

    With ``-P``, so that Python does not take modules from the repository that git happens to look at.
    """
    python = f"{shlex.quote(sys.executable)} -P -m nodebook.cli"
    return {
        f"diff.{_DRIVER}.textconv": f"{python} textconv",
        f"diff.{_DRIVER}.cachetextconv": "true",
    }


def semantic_command() -> dict[str, str]:
    """Return the setting by which git shows differences in the words of graphs, instead of as text."""
    return {f"diff.{_DRIVER}.command": f"{shlex.quote(sys.executable)} -P -m nodebook.cli git-diff"}


def set_up(folder: Path, *, is_global: bool = False, semantic: bool = False, dry: bool = False) -> list[str]:
    """Have git show notebooks and graphs readably; return what was done, or with ``dry`` would be, in words.

    Lines that are there stay, and nothing is written twice. Raises ``GitError`` outside a repository.
    """
    scope = _scope(folder, is_global=is_global)
    wanted = {**driver_commands(), **(semantic_command() if semantic else {})}
    said = _add_patterns(scope, dry=dry)
    for name, value in wanted.items():
        if _config(scope, "--get", name) == value:
            continue
        said.append(f"git config {scope.flag} {name} {shlex.quote(value)}")
        if not dry:
            _config(scope, name, value)
    return said or ["Nothing to do: git is set up."]


def undo(folder: Path, *, is_global: bool = False, dry: bool = False) -> list[str]:
    """Take back what ``set_up`` wrote; return what was done in words. Raises ``GitError``."""
    scope = _scope(folder, is_global=is_global)
    lines = _lines(scope.attributes)
    kept = [line for line in lines if line not in _own_lines()]
    said = []
    if kept != lines:
        said.append(f"{scope.attributes}: remove {', '.join(line for line in lines if line in _own_lines())}")
        if not dry:
            _write(scope.attributes, kept)
    if _config(scope, "--get-regexp", rf"^diff\.{_DRIVER}\."):
        said.append(f"git config {scope.flag} --remove-section diff.{_DRIVER}")
        if not dry:
            _config(scope, "--remove-section", f"diff.{_DRIVER}")
    return said or ["Nothing to undo."]


def _own_lines() -> list[str]:
    return [f"{pattern} diff={_DRIVER}" for pattern in PATTERNS]


def _add_patterns(scope: _Scope, *, dry: bool) -> list[str]:
    lines = _lines(scope.attributes)
    said = []
    for pattern, own in zip(PATTERNS, _own_lines(), strict=True):
        other = next((line for line in lines if line.split()[:1] == [pattern] and " diff=" in line), None)
        if other is None:
            lines.append(own)
            said.append(f"{scope.attributes}: add {own}")
        elif other != own:
            said.append(f"{scope.attributes} says {other!r}, which stays. Remove that line, and run this again.")
    if not dry and any(": add " in each for each in said):
        _write(scope.attributes, lines)
    return said


def _scope(folder: Path, *, is_global: bool) -> _Scope:
    if not is_global:
        top = _git(folder, "rev-parse", "--show-toplevel")
        if top is None:
            raise GitError(
                f"{folder} is in no git repository. Go into one, or set git up for all of yours with "
                "`nodebook git-setup --global`."
            )
        return _Scope("--local", Path(top) / ".gitattributes", folder)
    named = _git(folder, "config", "--global", "--type=path", "--get", "core.attributesFile")
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return _Scope("--global", Path(named) if named else home / "git" / "attributes", folder)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise GitError(f"{path} cannot be read: {error}. Nothing was changed.") from None


def _write(path: Path, lines: Sequence[str]) -> None:
    if not lines:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, ("\n".join(lines) + "\n").encode())


def _config(scope: _Scope, *words: str) -> str | None:
    return _git(scope.folder, "config", scope.flag, *words)


def _git(folder: Path, *words: str) -> str | None:
    """Return what git says, None where it says no. Raises ``GitError`` where there is no git."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)  # noqa: S603, S607 - git of the user's path
    except OSError as error:
        raise GitError(f"git cannot be run: {error}. Install it, then run this again.") from None
    return done.stdout.strip() if done.returncode == 0 else None
