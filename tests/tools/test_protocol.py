from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
from pydantic import BaseModel, Field

from nodebook.engine.literals import TypeScript
from tools import protocol


class ShapeJson(TypedDict):
    """Has ``kind``; None: nothing."""

    sizes: list[int | None]
    kind: Literal["round", "square"]
    corners: NotRequired[dict[str, tuple[float, bool]]]


@dataclass
class Command:
    """What to draw."""

    shape: ShapeJson | None
    type: Literal["draw"]
    ink: Annotated[Any, TypeScript("Ink")]


class Pen(BaseModel):
    client: str
    width: Annotated[int, Field(ge=1, description="Pixels.")] = 1


@dataclass
class Node:
    """*/ is not the end."""

    values: Mapping[str, Any]
    commands: list[Command | Pen]


def written(**named: Any) -> str:
    """Return the declarations, without what the file begins with."""
    return protocol.Writer(named).text().removeprefix(protocol.PREAMBLE).strip()


def test_what_the_types_say_is_written_down() -> None:
    assert written(GraphNode=Node, Marks=Literal["a", 1]) == (
        "/** * / is not the end. */\n"
        "export interface GraphNode {\n"
        "  readonly values: Readonly<Record<string, Value>>;\n"
        "  readonly commands: readonly (Command | Pen)[];\n"
        "}\n\n"
        'export type Marks = "a" | 1;\n\n'
        "/** What to draw. */\n"
        "export interface Command {\n"
        '  readonly type: "draw";\n'
        "  readonly shape: Shape | null;\n"
        "  readonly ink: Ink;\n"
        "}\n\n"
        "export interface Pen {\n"
        "  readonly client: string;\n"
        "  /** Pixels. */\n"
        "  readonly width?: number;\n"
        "}\n\n"
        "/** Has `kind`; null: nothing. */\n"
        "export interface Shape {\n"
        '  readonly kind: "round" | "square";\n'
        "  readonly sizes: readonly (number | null)[];\n"
        "  readonly corners?: Readonly<Record<string, readonly [number, boolean]>>;\n"
        "}"
    )


@pytest.mark.parametrize("hint", [Callable[[], int], Sequence[int], object()])
def test_what_typescript_cannot_say_is_refused(hint: Any) -> None:
    with pytest.raises(TypeError, match="cannot write"):
        written(Odd=hint)


def test_two_classes_of_one_name_are_refused() -> None:
    class ShapeModel(BaseModel):
        size: int

    with pytest.raises(TypeError, match="Two classes would be Shape"):
        written(Both=ShapeJson | ShapeModel)


def test_the_file_is_what_the_types_say() -> None:
    assert protocol.main(["--check"]) == 0, "run: python -m tools.protocol"


def test_a_stale_file_is_named_with_the_command_that_cures_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "protocol.gen.ts"
    file.write_text(protocol.FILE.read_text(encoding="utf-8").replace("readonly ops", "readonly steps"))
    monkeypatch.setattr(protocol, "FILE", file)
    assert protocol.main(["--check"]) == 1
    assert "python -m tools.protocol" in capsys.readouterr().err
    assert protocol.main([]) == 0
    assert protocol.main(["--check"]) == 0


def test_another_argument_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert protocol.main(["--chekc"]) == 2
    assert "--chekc" in capsys.readouterr().err
