"""What a picture shows, in words: scenes, their captions, and which combinations are kept out of training."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tools.demo_model.pictures import COLOURS, SHAPES, Colour, Thing

__all__ = ["PLACES", "RADII", "Item", "Scene", "caption", "held_out", "held_out_scenes", "lay_out", "random_scene"]

RADII = {"small": 0.15, "medium": 0.22, "large": 0.30}
"""Radius of a thing of each size, as a fraction of the picture's side; medium is what no size word means."""

PLACES = {
    "centre": (0, 0),
    "left": (-1, 0),
    "right": (1, 0),
    "top": (0, -1),
    "bottom": (0, 1),
    "top left": (-1, -1),
    "top right": (1, -1),
    "bottom left": (-1, 1),
    "bottom right": (1, 1),
}
"""Direction of each place from the centre, which is what no place word means."""

PAIR_RADIUS = 0.17
PAIR_OFFSET = 0.235
PAIR_SHARE = 0.3
EMPTY_SHARE = 0.1
HELD_OUT_KINDS = 50


@dataclass(frozen=True)
class Item:
    """One thing to draw, in words."""

    shape: str
    colour: str
    size: str = "medium"
    place: str = "centre"


@dataclass(frozen=True)
class Scene:
    """One item, or two: the first to the left of the second, or above it when `stacked`."""

    items: tuple[Item, ...]
    background: str
    stacked: bool = False


def place_offset(size: str) -> float:
    """How far from the centre a thing of this size stands along each axis of its place."""
    return 0.5 - 1.2 * RADII[size] - 0.02


def _kinds() -> list[tuple[str, str, str]]:
    return [(shape, colour, ground) for shape in SHAPES for colour in COLOURS for ground in COLOURS if ground != colour]


def _held_out_kinds() -> frozenset[tuple[str, str, str]]:
    kinds = _kinds()
    chosen = np.random.default_rng(7).choice(len(kinds), HELD_OUT_KINDS, replace=False)
    return frozenset(kinds[index] for index in chosen)


_HELD_OUT = _held_out_kinds()


def held_out(scene: Scene) -> bool:
    """Whether training never sees this scene.

    Kept out are 50 of the 336 combinations of shape, colour and background, at every size and place and in pairs,
    and besides a tenth of all pairs.
    """
    if any((item.shape, item.colour, scene.background) in _HELD_OUT for item in scene.items):
        return True
    if len(scene.items) == 1:
        return False
    words = " ".join(f"{item.shape} {item.colour}" for item in scene.items)
    return zlib.crc32(f"{words} {scene.background} {scene.stacked}".encode()) % 10 == 0


def _pick(rng: np.random.Generator, names: list[str]) -> str:
    return names[rng.integers(len(names))]


def _random_item(rng: np.random.Generator, background: str) -> Item:
    colour = _pick(rng, [name for name in COLOURS if name != background])
    return Item(_pick(rng, list(SHAPES)), colour)


def _any_scene(rng: np.random.Generator, pair_share: float) -> Scene:
    background = _pick(rng, list(COLOURS))
    if rng.random() < pair_share:
        items = (_random_item(rng, background), _random_item(rng, background))
        return Scene(items, background, stacked=bool(rng.random() < 0.4))
    item = _random_item(rng, background)
    size = _pick(rng, ["medium", "medium", "large", "small"])
    place = "centre" if rng.random() < 0.35 else _pick(rng, list(PLACES))
    return Scene((Item(item.shape, item.colour, size, place),), background)


def random_scene(rng: np.random.Generator, *, pair_share: float = PAIR_SHARE) -> Scene:
    """A scene that may be trained on."""
    while held_out(scene := _any_scene(rng, pair_share)):
        pass
    return scene


def held_out_scenes(singles: int, pairs: int, seed: int = 0) -> Iterator[Scene]:
    """Scenes to measure with: single items go round the kinds kept out, at random sizes and places."""
    rng = np.random.default_rng([11, seed])
    kinds = sorted(_HELD_OUT)
    for index in range(singles):
        shape, colour, background = kinds[index % len(kinds)]
        item = Item(shape, colour, _pick(rng, list(RADII)), _pick(rng, list(PLACES)))
        yield Scene((item,), background)
    found = 0
    while found < pairs:
        if held_out(scene := _any_scene(rng, 1.0)):
            found += 1
            yield scene


def lay_out(scene: Scene, rng: np.random.Generator, *, jitter: float = 1.0) -> tuple[list[Thing], Colour]:
    """Where the things of a scene stand: sizes, places and angles vary a little, by `jitter` times the usual."""
    things = []
    for index, item in enumerate(scene.items):
        if len(scene.items) == 1:
            dx, dy = PLACES[item.place]
            offset, radius = place_offset(item.size), RADII[item.size]
        else:
            side = 1 if index else -1
            dx, dy = (0, side) if scene.stacked else (side, 0)
            offset, radius = PAIR_OFFSET, PAIR_RADIUS
        shift = rng.uniform(-0.02, 0.02, 2) * jitter
        centre = (0.5 + offset * dx + float(shift[0]), 0.5 + offset * dy + float(shift[1]))
        angle = float(rng.uniform(-0.12, 0.12)) * jitter
        radius *= 1 + float(rng.uniform(-0.06, 0.06)) * jitter
        things.append(Thing(item.shape, COLOURS[item.colour], centre, radius, angle))
    return things, COLOURS[scene.background]


def _with_article(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def _noun(item: Item, rng: np.random.Generator, *, plain: bool) -> str:
    words = {"small": ["small", "small", "little"], "medium": [""], "large": ["large", "large", "big"]}[item.size]
    size = words[0] if plain else _pick(rng, words)
    return f"{size} {item.colour} {item.shape}".strip()


def _place(place: str, rng: np.random.Generator, *, plain: bool) -> str:
    if place == "centre":
        return "" if plain else _pick(rng, ["", "", " in the middle"])
    if " " in place:
        return f" at the {place}" if plain or rng.random() < 0.6 else f" in the {place} corner"
    return f" on the {place}" if place in {"left", "right"} else f" at the {place}"


def _things_in_words(scene: Scene, rng: np.random.Generator, *, plain: bool) -> str:
    nouns = [_with_article(_noun(item, rng, plain=plain)) for item in scene.items]
    if len(nouns) == 1:
        return nouns[0] + _place(scene.items[0].place, rng, plain=plain)
    first, second = nouns
    if scene.stacked:
        return f"{first} above {second}" if plain or rng.random() < 0.7 else f"{second} below {first}"
    return f"{first} and {second}" if plain or rng.random() < 0.7 else f"{first} to the left of {second}"


def caption(scene: Scene, rng: np.random.Generator, *, plain: bool = False) -> str:
    """Say what the scene shows: one wording when `plain`, else one of several."""
    things = _things_in_words(scene, rng, plain=plain)
    ground = _with_article(f"{scene.background} background")
    if plain:
        return f"{things} on {ground}"
    return _pick(
        rng,
        [
            f"{things} on {ground}",
            f"{things} on {ground}",
            f"{things} on {ground}",
            f"{things}, {scene.background} background",
            f"{ground} with {things}",
        ],
    )
