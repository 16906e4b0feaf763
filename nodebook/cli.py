"""The command ``nodebook``. What a subcommand needs is imported when it runs, so that ``--help`` answers at once."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodebook.errors import NodebookError
from nodebook.notebook.git import arguments as gitarguments

if TYPE_CHECKING:
    from nodebook.graph import Graph

USAGE_EXIT = 3
"""Exit code of a call that makes no sense, and of a file that is none: apart from what commands find out."""


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: ``configure`` adds its arguments, ``run`` does it and returns the exit code."""

    name: str
    summary: str
    description: str
    configure: Callable[[argparse.ArgumentParser], object]
    run: Callable[[argparse.Namespace], int]


def _configure_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a notebook (.ipynb), or a picture (.png) that Save Image wrote")
    parser.add_argument("--graph", metavar="NAME", help="compare only the graph of this name")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--tolerance",
        type=_distance,
        metavar="D",
        help="up to this distance pictures are close: 2 (default) is just seen, 0 takes equal ones only",
    )
    parser.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="for all cells together (default: an hour)")


def _verify(given: argparse.Namespace) -> int:
    from nodebook.notebook.errors import RerunError
    from nodebook.notebook.lock.likeness import JUST_SEEN
    from nodebook.notebook.verifying.verify import DEFAULT_TIMEOUT_S, verify

    try:
        report = verify(
            given.file,
            graph=given.graph,
            tolerance=JUST_SEEN if given.tolerance is None else given.tolerance,
            timeout_s=DEFAULT_TIMEOUT_S if given.timeout is None else given.timeout,
            on_cell=_show_cell if sys.stderr.isatty() else None,
        )
    except RerunError as error:
        print(f"nodebook verify: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report.to_json(), indent=1) if given.json else report)
    return report.exit_code


def _diff(given: argparse.Namespace) -> int:
    from nodebook.notebook.git.commands import run_diff

    return run_diff(given, _foreign)


def _foreign(data: Mapping[str, Any]) -> Graph | None:
    """Return the graph of a ComfyUI prompt, None for anything else."""
    from nodebook.comfy.prompt import from_prompt
    from nodebook.engine.document import recognise

    return from_prompt(dict(data)) if recognise(data) == "a ComfyUI API prompt" else None


def _textconv(given: argparse.Namespace) -> int:
    from nodebook.notebook.git.commands import run_textconv

    return run_textconv(given)


def _git_diff(given: argparse.Namespace) -> int:
    from nodebook.notebook.git.commands import run_git_diff

    return run_git_diff(given)


def _git_setup(given: argparse.Namespace) -> int:
    from nodebook.notebook.git.commands import run_git_setup

    return run_git_setup(given)


def _show_cell(number: int, count: int) -> None:
    """Say on the terminal's last line where it is; the line is free again after the last cell."""
    print(f"\rcell {number} of {count}" if number < count else "\r\x1b[K", end="", file=sys.stderr, flush=True)


COMMANDS: tuple[Command, ...] = (
    Command(
        "verify",
        "run a notebook again in a clean process and compare with its lock",
        "Run a notebook again in a clean process and compare the results of its graphs with the lock in its outputs: "
        "identical, close, different, or missing. Nothing of the notebook is written. Exit code: 0 identical or close, "
        "1 different, 2 something is missing or a cell raised, 3 a wrong call or nothing to compare with.",
        _configure_verify,
        _verify,
    ),
    Command(
        "diff",
        "say what differs between two graphs or notebooks",
        "Say what differs between the graphs of two files, in the words of graphs: nodes, values, links, titles, "
        "modes, subgraphs. Where nodes stand is only counted. Exit code: 0 nothing differs, 1 something does, 3 a file "
        "that cannot be read.",
        gitarguments.configure_diff,
        _diff,
    ),
    Command(
        "git-setup",
        "have git show notebooks and graphs readably",
        "Have `git diff` and `git log -p` show notebooks as the sources of their cells and their graphs as code, "
        "without outputs. Writes .gitattributes and the configuration of this repository, says what it wrote, and "
        "writes nothing twice.",
        gitarguments.configure_git_setup,
        _git_setup,
    ),
    Command(
        "textconv",
        "print a notebook or graph as text, for git",
        "Print the sources of a notebook's cells, and graphs as code. What cannot be read is printed as it is.",
        gitarguments.configure_textconv,
        _textconv,
    ),
    Command(
        "git-diff",
        "compare two versions that git hands over",
        "Called by git after `nodebook git-setup --semantic`: cells are compared as text, graphs in their own words.",
        gitarguments.configure_git_diff,
        _git_diff,
    ),
)
"""All subcommands; a new one is one more line here."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _refuse_unknown(given)
    parsed = _parser().parse_args(given)
    if parsed.command is None:
        _parser().print_help()
        return 0
    command = next(each for each in COMMANDS if each.name == parsed.command)
    try:
        return command.run(parsed)
    except NodebookError as error:
        print(f"nodebook {command.name}: {error}", file=sys.stderr)
        return USAGE_EXIT
    except KeyboardInterrupt:
        return 130  # as shells have it


class _Parser(argparse.ArgumentParser):
    """Ends with the exit code for wrong calls; argparse's own 2 means something here."""

    def error(self, message: str) -> None:  # type: ignore[override]  # it does end
        self.print_usage(sys.stderr)
        self.exit(USAGE_EXIT, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="nodebook", description="Node graphs that live in a notebook.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"nodebook {_version()}")
    subparsers = parser.add_subparsers(dest="command", metavar="command", parser_class=_Parser)
    for command in COMMANDS:
        command.configure(
            subparsers.add_parser(
                command.name, help=command.summary, description=command.description, allow_abbrev=False
            )
        )
    return parser


def _refuse_unknown(given: Sequence[str]) -> None:
    """End with a suggestion where the first word is no command; argparse would only list all."""
    first = next((each for each in given if not each.startswith("-")), None)
    names = [command.name for command in COMMANDS]
    if first is None or first in names or given[0].startswith("-"):
        return
    near = difflib.get_close_matches(first, names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"The commands are: {', '.join(names)}."
    print(f"nodebook: there is no command {first!r}. {hint}", file=sys.stderr)
    raise SystemExit(USAGE_EXIT)


def _version() -> str:
    try:
        return version("nodebook")
    except PackageNotFoundError:
        return "unknown"


def _distance(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"a distance is a number from 0 up, got {text}")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"a time is a number of seconds above 0, got {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
