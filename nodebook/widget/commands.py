"""What a view may ask of the kernel, as typed values (docs/design/protocol.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from nodebook.engine.literals import TypeScript
from nodebook.models.preview_options import LEAST_SIDE_PX, MOST_SIDE_PX, PreviewMethod
from nodebook.widget.errors import MalformedMessageError


class _Command(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    client: Annotated[str, Field(min_length=1, max_length=200)]


class Hello(_Command):
    """A view mounted or lost track."""

    type: Literal["hello"]


class Bye(_Command):
    """A view is taken off its page."""

    type: Literal["bye"]


class EditCommand(_Command):
    """Apply operations. They are parsed later, so that a bad one is answered with ``rejected``."""

    type: Literal["edit"]
    batch: int
    label: str
    ops: Annotated[list[Any], TypeScript("readonly Op[]")]


class UndoRedo(_Command):
    """Take one step back, or do it again."""

    type: Literal["undo", "redo"]


class RunCommand(_Command):
    """Queue runs of ``targets``; None: the whole graph."""

    type: Literal["run"]
    targets: list[str] | None = None
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    priority: Annotated[float, Field(allow_inf_nan=False)] = 0
    front: bool = False


class PlanCommand(_Command):
    """Say what a run of ``targets`` would do; None: of the whole graph."""

    type: Literal["plan"]
    targets: list[str] | None = None


class Cancel(_Command):
    """Cancel the run and what this graph has queued; a second one, two seconds later, gives the run up."""

    type: Literal["cancel"]


class Break(_Command):
    """Let runs of this graph pause before a node, or pass it again."""

    type: Literal["break"]
    node: str
    on: bool


class Resume(_Command):
    """Let the paused run go on, with its inputs as cells have left them."""

    type: Literal["resume"]


class AutoRunCommand(_Command):
    """Run the graph after edits, or no more."""

    type: Literal["auto_run"]
    on: bool


class PreviewsCommand(_Command):
    """Show what samplers have so far in this way from now on, in all graphs; ``size`` of the longer side in pixels."""

    type: Literal["previews"]
    method: PreviewMethod
    size: Annotated[int, Field(ge=LEAST_SIDE_PX, le=MOST_SIDE_PX)]


class QueueMove(_Command):
    """Put a waiting run, of any graph, at a position; 0 is the next."""

    type: Literal["queue_move"]
    job: str
    position: int


class QueueCancel(_Command):
    """Cancel one run, of any graph."""

    type: Literal["queue_cancel"]
    job: str


class QueuePause(_Command):
    """Start no further run, of any graph, or start them again."""

    type: Literal["queue_pause"]
    on: bool


class QueueClear(_Command):
    """Cancel all runs that wait, of all graphs."""

    type: Literal["queue_clear"]


class Restore(_Command):
    """Make the graph as it was when one of its runs ran: one step of undo."""

    type: Literal["restore"]
    job: str


class LogCommand(_Command):
    """Say what nodes wrote: all lines that changed after ``after``, 0 for all that are kept."""

    type: Literal["log"]
    after: int = 0


class Upload(_Command):
    """Store the one buffer in the input folder and set an input to its name."""

    type: Literal["upload"]
    batch: int
    node: str
    input: str
    name: str
    graph: str | None = None


class PaintMask(_Command):
    """Give the picture ``name`` the mask in the buffer, store it, and set an input to its new name.

    The buffer is a PNG whose brightness is the mask: white where it selects.
    """

    type: Literal["paint_mask"]
    batch: int
    node: str
    input: str
    name: str
    graph: str | None = None


class FullPicture(_Command):
    """Send one picture of a node's result in full size, or the picture ``file``; answered by ``full_picture``."""

    type: Literal["full_picture"]
    node: str
    index: Annotated[int, Field(ge=0)]
    file: str | None = None


class MorePictures(_Command):
    """Send further pictures of a node's result, from ``start`` on, as the first were."""

    type: Literal["more_pictures"]
    node: str
    start: Annotated[int, Field(ge=0)]


class ListFiles(_Command):
    """A view is about to offer files: tell the library again if the folders hold others by now."""

    type: Literal["list_files"]


class ListVariables(_Command):
    """Say which variables the notebook has, and which of them an input of the node at a path takes."""

    type: Literal["list_variables"]
    node: str
    input: str


class Unbind(_Command):
    """Give an input of the node at a path a value again, what its variable holds."""

    type: Literal["unbind"]
    node: str
    input: str


class Seen(_Command):
    """The view is done with a picture and with all before it."""

    type: Literal["seen"]
    seq: int


Command = (
    Hello
    | Bye
    | EditCommand
    | UndoRedo
    | RunCommand
    | PlanCommand
    | Cancel
    | Break
    | Resume
    | AutoRunCommand
    | PreviewsCommand
    | QueueMove
    | QueueCancel
    | QueuePause
    | QueueClear
    | Restore
    | LogCommand
    | Upload
    | PaintMask
    | FullPicture
    | MorePictures
    | ListFiles
    | ListVariables
    | Unbind
    | Seen
)

_COMMANDS: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="type")])


def parse_command(content: object) -> Command:
    """Return the command that a message is. Raises ``MalformedMessageError``."""
    try:
        return _COMMANDS.validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the message"
        raise MalformedMessageError(
            f"The editor sent a message that the kernel does not know ({where}: {first['msg']}). Reload the page; if "
            "that does not help, editor and kernel are of different versions: restart the kernel."
        ) from None


def sender_of(content: object) -> str | None:
    """Return who sent a message that may be malformed, as far as can be told."""
    client = content.get("client") if isinstance(content, Mapping) else None
    return client if isinstance(client, str) else None
