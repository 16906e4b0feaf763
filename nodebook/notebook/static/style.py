"""The style sheet of a static picture: the editor's colours in both themes, without what the picture does not use."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from nodebook.notebook.static.cardsvg import NODE_COLORS

FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"

_SHARED = (
    "text{white-space:pre}.h{font-weight:600}.e{text-anchor:end;font-variant-numeric:tabular-nums}"
    ".s{font:11px ui-monospace,Menlo,Consolas,monospace}.n{font-size:14px}"
    ".field{stroke-width:4;stroke-linejoin:round}.w{fill:none;stroke:currentColor}.w,.d,.o{stroke-width:2}"
    ".d{fill:currentColor;stroke:currentColor}.o{stroke:currentColor}.off{opacity:.6}"
)


@dataclass(frozen=True, slots=True)
class _Theme:
    canvas: str
    edge: str
    card: str
    line: str
    text: str
    muted: str
    field: str
    fill: str
    switch: str
    error: str
    note: str
    types: str
    """Colours of port types, by number (js/src/styles/theme.css)."""
    colors: str
    """Colours of cards (js/src/styles/colors.css)."""


_LIGHT = _Theme(
    canvas="#f5f5f5",
    edge="#d5d5d5",
    card="#fff",
    line="#bdbdbd",
    text="#212121",
    muted="#4e4e4e",
    field="#f0f0f0",
    fill="#bcd5ee",
    switch="#1976d2",
    error="#c62828",
    note="#faf1e0",
    types="8a8a8a 2f95cf 009e73 c1609a 0b5a9c 978c00 d55e00 d68f00 7a6fc9 8a6d4b",
    colors="c62f2f c2570c 967000 2f7d32 0b7a75 1f6fc5 7a4cc2 b83280",
)
_DARK = _Theme(
    canvas="#141414",
    edge="#3a3a3a",
    card="#232323",
    line="#5c5c5c",
    text="#e4e4e4",
    muted="#b8b8b8",
    field="#343434",
    fill="#2b5478",
    switch="#42a5f5",
    error="#ff8a80",
    note="#332b1c",
    types="a6a6a6 56b4e9 2fc095 dd8fbb 5f8fe0 f0e442 f07c33 e69f00 a99ff0 c9a67a",
    colors="f26d6d f08c4a d9b13b 6cbf6f 4fb9b3 6aa9f0 b08cf0 ec7fb8",
)


def style_of(types: AbstractSet[int], colors: AbstractSet[str]) -> str:
    """Return the style sheet of a picture that has ports of these types and cards of these colours."""
    return (
        f"{_SHARED}{_rules(_LIGHT, types, colors)}@media(prefers-color-scheme:dark){{{_rules(_DARK, types, colors)}}}"
    )


def _rules(theme: _Theme, types: AbstractSet[int], colors: AbstractSet[str]) -> str:
    of_types, of_cards = theme.types.split(), theme.colors.split()
    rules = [
        f"text{{fill:{theme.text}}}.m{{fill:{theme.muted};color:{theme.muted}}}.x{{fill:{theme.error}}}",
        f".bg{{fill:{theme.canvas};stroke:{theme.edge}}}.caption,.rule{{stroke:{theme.edge}}}",
        f".card,.knob,.o{{fill:{theme.card}}}.note{{fill:{theme.note}}}.card,.note,.edge{{stroke:{theme.line}}}",
        f".bad{{stroke:{theme.error}}}.field{{stroke:{theme.field}}}.field,.flat{{fill:{theme.field}}}",
        f".fill{{fill:{theme.fill}}}.on{{fill:{theme.switch}}}.knobless{{fill:{theme.line}}}",
        *(f".p{each}{{color:#{of_types[each]}}}" for each in sorted(types)),
        *(f".c{index}{{color:#{of_cards[index]}}}" for index, name in enumerate(NODE_COLORS) if name in colors),
    ]
    return "".join(rules)
