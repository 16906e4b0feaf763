"""The arguments of the commands in ``commands``: apart from them, so that ``nodebook --help`` answers at once."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure_diff(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``nodebook diff``."""
    for side in ("before", "after"):
        parser.add_argument(side, type=Path, help="a .nodebook.json, .ipynb, .png, .py or ComfyUI API prompt")
    parser.add_argument("--json", action="store_true", help="print the difference as JSON")


def configure_textconv(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``nodebook textconv``."""
    parser.add_argument("file", type=Path, help="a notebook or a nodebook document")


def configure_git_diff(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that git gives an external diff command."""
    parser.add_argument("words", nargs="*", help="path old-file old-hex old-mode new-file new-hex new-mode")


def configure_git_setup(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``nodebook git-setup``."""
    parser.add_argument("--global", dest="is_global", action="store_true", help="for all repositories of this user")
    parser.add_argument("--semantic", action="store_true", help="show graphs' differences in words, not as code")
    parser.add_argument("--print", dest="dry", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--undo", action="store_true", help="take it back")
