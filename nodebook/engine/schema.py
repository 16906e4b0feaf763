"""The JSON Schema of a document, for editors and other tools.

Nothing imports this at run time: reading has its own checks (``document``, ``nodejson``), which name the node. Tests
hold the two together. ``python -m nodebook.engine.schema`` prints the schema; docs/schema/ holds it.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from nodebook.engine.literals import TypeScript
from nodebook.engine.upgrades import VERSION


class _Model(BaseModel):
    model_config = ConfigDict(extra="allow")


class ViewModel(_Model):
    """Where and how a node is shown. Never part of a fingerprint."""

    __pydantic_extra__: dict[str, Any]

    x: Annotated[Any, TypeScript("number"), Field(default=None, description="Pixels at zoom 1.")]
    y: Annotated[Any, TypeScript("number"), Field(default=None, description="Pixels at zoom 1.")]
    width: Annotated[Any, TypeScript("number"), Field(default=None, description="Pixels at zoom 1.")]
    height: Annotated[Any, TypeScript("number"), Field(default=None, description="Pixels at zoom 1.")]
    collapsed: Annotated[Any, TypeScript("boolean"), Field(default=None, description="True: only the header is shown.")]
    color: Annotated[Any, TypeScript("string"), Field(default=None, description="The colour of the header.")]


class NodeModel(_Model):
    """One node. Members that are not named here are kept."""

    type: Annotated[str, Field(description="Name of the node type; an unknown one is a placeholder.")]
    title: Annotated[str | None, Field(default=None, description="Only where it differs from the type's title.")]
    values: Annotated[
        dict[str, Any] | None,
        Field(default=None, description='Input name → literal. {"$float": "nan" | "inf" | "-inf"} is a number.'),
    ]
    links: Annotated[
        dict[str, tuple[str, str]] | None,
        Field(default=None, description="Input name → [source node id, output name]. A link wins over a value."),
    ]
    view: ViewModel | None = None
    mode: Annotated[
        str | None,
        Field(
            default=None, description='"mute": does not run; "bypass": passes its inputs on. Any other word is kept.'
        ),
    ]
    origin: Annotated[
        dict[str, Any] | None,
        Field(default=None, description="Where code added the node: key, values and links as the code last gave them."),
    ]


class BoundaryPortModel(_Model):
    """An input or output of a subgraph. Members that are not named here are kept."""

    __pydantic_extra__: dict[str, Any]
    name: str
    type: Annotated[
        Any,
        TypeScript("string"),
        Field(default=None, description="The port type that is shown; links are checked end to end."),
    ]
    default: Annotated[Any, Field(default=None, description="Of an input: what instances without a value have.")]


class GroupModel(_Model):
    """A frame behind nodes. Which are in it is found by where it stands when it is dragged."""

    __pydantic_extra__: dict[str, Any]
    title: str | None = None
    color: str | None = None
    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None


class SubgraphModel(_Model):
    """A graph with inputs and outputs. Nodes of type "subgraph:<id>" are its instances."""

    name: str | None = None
    doc: str | None = None
    inputs: list[BoundaryPortModel] | None = None
    outputs: list[BoundaryPortModel] | None = None
    nodes: Annotated[
        dict[str, NodeModel],
        Field(default={}, description="As outside; SubgraphInputs and SubgraphOutputs are its boundary."),
    ]
    groups: Annotated[
        Any, TypeScript("Readonly<Record<string, Group>>"), Field(default=None, description="As outside.")
    ]


class DocumentModel(_Model):
    """A node graph. Members that are not named here are kept."""

    nodebook: Annotated[Literal[VERSION], Field(description="The document version.")]  # type: ignore[valid-type]
    name: str | None = None
    nodes: Annotated[dict[str, NodeModel], Field(default={}, description="Node id → node, in document order.")]
    view: Annotated[
        Any,
        TypeScript("Readonly<Record<string, Value>>"),
        Field(default=None, description='What every editor of it remembers: "height" in pixels.'),
    ]
    groups: Annotated[
        Any,
        TypeScript("Readonly<Record<string, Group>>"),
        Field(default=None, description="Group id → frame behind nodes: title, color, x, y, width, height."),
    ]
    subgraphs: Annotated[
        dict[str, SubgraphModel] | None,
        Field(default=None, description="Subgraph id → definition; they may use each other."),
    ]


def document_schema() -> dict[str, Any]:
    """Return the JSON Schema of a document of the present version."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **DocumentModel.model_json_schema(),
        "title": f"nodebook document, version {VERSION}",
    }


def schema_text() -> str:
    """Return the text of the file in docs/schema/."""
    return json.dumps(document_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":  # pragma: no cover - a command line of one line
    sys.stdout.write(schema_text())
