"""One field of a form on the page: its label, its control, what it is for, and what is wrong with its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from random import SystemRandom
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from nodebook.errors import InputValueError, NodebookError
from nodebook.notebook.forms.fields import Field
from nodebook.seeds import HIGHEST_RANDOM
from nodebook.tables import data_uri

if TYPE_CHECKING:
    from nodebook.sessions import Session

_SYSTEM = SystemRandom()
_THUMBNAIL_PX = 160
_MAX_UPLOAD_BYTES = 64 << 20
_FULL = {"width": "100%"}
_WIDE = {"width": "calc(100% - 4px)"}
"""Of controls, which have a margin of two pixels on either side."""

_ERROR = "color: var(--jp-error-color1, #d32f2f); font-size: 12px; line-height: 1.4"
_DOC = "opacity: 0.7; font-size: 12px; line-height: 1.4"

OnChange = Callable[[], None]


class Control:
    """What one field looks like. All members may be used from any thread."""

    def __init__(self, field: Field, session: Session, on_change: OnChange) -> None:
        self.field = field
        self._session = session
        self._on_change = on_change
        self._is_setting = False
        self._is_disabled = False
        self._picture = widgets.HTML()
        self._input, parts = _MAKERS[field.kind](self)
        self._parts = parts
        self._message = widgets.HTML(layout={"display": "none"})
        label = widgets.HTML(f'<div style="font-weight: 600; line-height: 1.4">{escape(field.label)}</div>')
        doc = " ".join(f"{each[0].upper()}{each[1:].rstrip('.')}." for each in (field.doc, _range(field)) if each)
        rows = [label, *parts]
        if doc:
            rows.append(widgets.HTML(f'<div style="{_DOC}">{escape(doc)}</div>'))
        self.box = widgets.VBox([*rows, self._message], layout={"margin": "0 0 8px", **_FULL})
        self.box.add_class(f"nb-field-{_class_name(field.name)}")
        self._input.tooltip = field.label
        self._input.observe(self._changed, "value")

    # -- its value

    def read(self) -> Any:
        """Return the value as a run takes it. Raises ``InputValueError`` with a sentence to stand beside the field."""
        value = self._input.value
        if self.field.kind == "color" and self.field.whole:
            value = int(str(value).lstrip("#"), 16)
        return self.field.checked(value)

    def show(self, value: Any) -> None:
        """Set the value, without telling that it changed."""
        self._is_setting = True
        try:
            self._set(value)
        finally:
            self._is_setting = False

    def _set(self, value: Any) -> None:
        if self.field.kind in ("choice", "picture", "file"):
            options = tuple(self._input.options)
            if value not in options:
                self._input.options = (value, *options)
        if self.field.kind == "seed":
            value = str(value)
        if self.field.kind == "color":
            value = f"#{value:06x}" if isinstance(value, int) else value
        self._input.value = value
        self._draw_picture()

    def complain(self, words: str | None) -> None:
        """Say what is wrong with the value; None: nothing."""
        text = f'<div role="alert" style="{_ERROR}">{escape(words)}</div>' if words else ""
        if self._message.value != text:
            self._message.value = text
            self._message.layout.display = "block" if words else "none"

    @property
    def complaint(self) -> bool:
        """Whether something is said to be wrong."""
        return bool(self._message.value)

    def disable(self) -> None:
        """Let nothing be changed."""
        self._able(is_able=False)

    def enable(self) -> None:
        """Let the value be changed again, where it could not be."""
        if self._is_disabled:
            self._able(is_able=True)
            self.complain(None)

    def _able(self, *, is_able: bool) -> None:
        self._is_disabled = not is_able
        for part in _leaves(self._parts):
            if hasattr(part, "disabled"):
                part.disabled = not is_able

    def _changed(self, _change: Mapping[str, Any]) -> None:
        if self._is_setting:
            return
        try:
            self.read()
        except InputValueError as error:
            self.complain(str(error))
        else:
            self.complain(None)
        self._draw_picture()
        self._on_change()

    # -- what stands in a field, by its kind; each returns what holds the value, and all parts

    def text(self) -> tuple[Any, list[Any]]:
        """A line of text."""
        made = widgets.Text(self.field.default, continuous_update=False, layout=_WIDE)
        return made, [made]

    def lines(self) -> tuple[Any, list[Any]]:
        """Several lines."""
        made = widgets.Textarea(self.field.default, rows=3, continuous_update=False, layout=_WIDE)
        return made, [made]

    def choice(self) -> tuple[Any, list[Any]]:
        """One of some values."""
        options = tuple(dict.fromkeys((*self.field.choices, self.field.default)))
        made = widgets.Dropdown(options=[(str(each), each) for each in options], value=self.field.default, layout=_WIDE)
        return made, [made]

    def switch(self) -> tuple[Any, list[Any]]:
        """On or off."""
        on, off = self.field.words
        words = "" if (on, off) == ("on", "off") else f"{on} (otherwise {off})"
        made = widgets.Checkbox(bool(self.field.default), description=words, indent=False, layout=_WIDE)
        return made, [made]

    def number(self) -> tuple[Any, list[Any]]:
        """A number; one that is out of range is said to be, and not changed into another."""
        kind = widgets.IntText if self.field.whole else widgets.FloatText
        step = self.field.step or (1 if self.field.whole else None)
        made = kind(self.field.default, continuous_update=False, step=step, layout={"width": "160px"})
        return made, [made]

    def slider(self) -> tuple[Any, list[Any]]:
        """A number between two ends."""
        kind = widgets.IntSlider if self.field.whole else widgets.FloatSlider
        least, most = self.field.least, self.field.most
        assert least is not None  # noqa: S101 -- what makes it a slider
        assert most is not None  # noqa: S101
        step = self.field.step or (1 if self.field.whole else (most - least) / 100)
        inside = min(max(self.field.default, least), most)
        made = kind(inside, min=least, max=most, step=step, continuous_update=False, layout=_WIDE)
        if not self.field.whole:
            made.readout_format = f".{_decimals(step)}f"
        return made, [made]

    def seed(self) -> tuple[Any, list[Any]]:
        """A seed as text, for pages hold no whole number above 2**53 exactly, and a button that draws another."""
        made = widgets.Text(str(self.field.default), continuous_update=False, layout={"width": "200px"})
        dice = widgets.Button(icon="random", tooltip="Draw another seed", layout={"width": "40px"})
        dice.add_class("nb-dice")
        dice.on_click(lambda _button: self._draw_seed())
        return made, [widgets.HBox([made, dice])]

    def color(self) -> tuple[Any, list[Any]]:
        """A colour."""
        value = f"#{self.field.default:06x}" if self.field.whole else self.field.default or "#000000"
        made = widgets.ColorPicker(value=value, layout={"width": "160px"})
        return made, [made]

    def file(self) -> tuple[Any, list[Any]]:
        """A file of the input folder, or one that is uploaded there."""
        options = tuple(dict.fromkeys((self.field.default, *self.field.choices)))
        made = widgets.Dropdown(options=options, value=self.field.default, layout={"flex": "1 1 auto", "width": "auto"})
        accept = "image/*" if self.field.kind == "picture" else ",".join(self.field.suffixes)
        upload = widgets.FileUpload(accept=accept, multiple=False, description="Upload")
        upload.observe(lambda change: self._store(change["new"], upload), "value")
        return made, [widgets.HBox([made, upload], layout=_FULL)]

    def picture(self) -> tuple[Any, list[Any]]:
        """A picture of the input folder, or one that is uploaded there, and what it looks like."""
        made, parts = self.file()
        self._input = made
        self._draw_picture()
        return made, [*parts, self._picture]

    def _draw_seed(self) -> None:
        least = 0 if self.field.least is None else max(0, int(self.field.least))
        most = HIGHEST_RANDOM if self.field.most is None else min(HIGHEST_RANDOM, int(self.field.most))
        self._input.value = str(_SYSTEM.randint(least, max(least, most)))

    def _store(self, files: Any, upload: Any) -> None:
        """Store an uploaded file in the input folder, and choose it."""
        if not files:
            return
        given = files[0]
        try:
            if len(given["content"]) > _MAX_UPLOAD_BYTES:
                size, most = len(given["content"]) >> 20, _MAX_UPLOAD_BYTES >> 20
                raise InputValueError(f"{given['name']} has {size} MiB; at most {most} MiB are taken.")
            data = bytes(given["content"])
            if self.field.kind == "picture":
                _expect_picture(given["name"], data)
            name = self._session.folders.store_upload(given["name"], data)
        except (NodebookError, OSError) as error:
            self.complain(str(error))
        else:
            if name not in self._input.options:
                self._input.options = (*self._input.options, name)
            self._input.value = name
        finally:
            upload.value = ()

    def _draw_picture(self) -> None:
        if self.field.kind != "picture":
            return
        try:
            from PIL import Image

            from nodebook.nodes.thumbnails import encode_thumbnail

            with Image.open(self._session.folders.resolve(self._input.value)) as opened:
                small = encode_thumbnail(opened, 2 * _THUMBNAIL_PX)
            shown_px = min(small.width, _THUMBNAIL_PX, round(small.width * _THUMBNAIL_PX / max(small.height, 1)) or 1)
            name, source = escape(self._input.value, quote=True), data_uri(small.data, small.mime)
            self._picture.value = f'<img alt="{name}" width="{shown_px}" src="{source}">'
        except (NodebookError, OSError, ValueError):
            self._picture.value = ""  # the node says what is wrong with the file, and this field with the message


def _expect_picture(name: str, data: bytes) -> None:
    """Raise ``InputValueError`` for a file that is no picture: better now than when it runs."""
    import io

    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.verify()
    except Exception as error:
        raise InputValueError(
            f"{name} is no picture that can be read ({error}). Choose a PNG, JPEG or WebP."
        ) from error


def _range(field: Field) -> str:
    if field.kind == "seed" or field.kind in ("slider", "color"):
        return ""
    return field.range_words


def _decimals(step: float) -> int:
    """Return how many places behind the point a step has, 4 at most."""
    return next((places for places in range(4) if abs(round(step, places) - step) < step / 100), 4)


def _class_name(name: str) -> str:
    return "".join(each if each.isalnum() else "-" for each in name)


def _leaves(parts: list[Any]) -> list[Any]:
    return [leaf for part in parts for leaf in (_leaves(list(part.children)) if hasattr(part, "children") else [part])]


_MAKERS: Mapping[str, Callable[[Control], tuple[Any, list[Any]]]] = {
    "text": Control.text,
    "lines": Control.lines,
    "choice": Control.choice,
    "switch": Control.switch,
    "number": Control.number,
    "slider": Control.slider,
    "seed": Control.seed,
    "color": Control.color,
    "picture": Control.picture,
    "file": Control.file,
}
