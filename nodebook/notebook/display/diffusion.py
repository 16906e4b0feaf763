"""What travels between the nodes of diffusion, as blocks: latents, conditioning, models, noise levels, samplers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nodebook.notebook.display.look import Block, Facts, Grid, Label, Picture, Raw, Table, Words, counted, words_of
from nodebook.notebook.display.plot import curve
from nodebook.notebook.display.showing import MAX_PICTURES, Show, Showing, encoded
from nodebook.tables import bytes_text

if TYPE_CHECKING:
    from nodebook.models.handles import Patched
    from nodebook.models.latents import LatentFormat

_LATENT_SIDE_PX = 192
_LATENT_LEAST_PX = 128
_MAX_ENTRIES = 20
_MAX_REGION_CHARS = 120


def find(value: Any, port: str) -> Show | None:
    """Return what shows a value, None for what is none of these."""
    names = frozenset(port.split(","))
    if "LATENT" in names and isinstance(value, Mapping) and "samples" in value:
        return _latent
    if "CONDITIONING" in names and isinstance(value, list):
        return _conditioning
    if "SIGMAS" in names and getattr(value, "ndim", None) == 1:
        return _sigmas
    kind = type(value)
    if kind.__module__.startswith("nodebook.models."):
        return _BY_NAME.get(kind.__name__)
    return None


def _latent(value: Any, showing: Showing) -> list[Block]:
    samples = value["samples"]
    shape = " × ".join(map(str, samples.shape))
    blocks: list[Block] = [Label(f"latent, {shape}", str(samples.dtype).removeprefix("torch."))]
    latent_format = _format_of(samples, showing.latent_format)
    if latent_format is None:
        blocks.append(Words(f"no colours are known for latents of {samples.shape[1]} channels", "muted"))
    else:
        grid: list[Picture] = []
        shown = samples[:MAX_PICTURES]
        for index, each in enumerate(shown):
            share = showing.left_bytes // (len(shown) - index)
            caption = str(index) if len(samples) > 1 else ""
            colours = _colours(each, latent_format)
            picture = encoded(colours, _LATENT_SIDE_PX, share, caption, least_px=_LATENT_LEAST_PX)
            if not showing.take(len(picture.data)):
                break
            grid.append(picture)
        blocks.append(Grid(grid))
        if len(grid) < len(samples):
            blocks.append(Words(f"and {len(samples) - len(grid)} more", "muted"))
        blocks.append(
            Words(f"false colours ({latent_format.name}): a pixel for each element, not the decoded picture", "muted")
        )
    facts = [(name, _brief(held)) for name, held in value.items() if name != "samples"]
    if not bool(samples.isfinite().all()):
        facts.append(("not finite", f"{int((~samples.isfinite()).sum()):,} of {samples.numel():,} elements"))
    return [*blocks, Facts(facts)] if facts else blocks


def _format_of(samples: Any, known: LatentFormat | None) -> LatentFormat | None:
    """Return the format by which a latent is coloured: its model's, else the usual one of so many channels."""
    from nodebook.models.latents import SD1, SD3

    channels = samples.shape[1]
    candidates = [known, SD1, SD3]
    return next((each for each in candidates if each is not None and each.rgb and len(each.rgb) == channels), None)


def _colours(latent: Any, latent_format: LatentFormat) -> Any:
    from nodebook.models.previews import latent_to_rgb

    first = latent[:, 0] if latent.ndim == 4 else latent  # noqa: PLR2004 -- C, T, h, w: a film's first frame
    return latent_to_rgb(latent_format, latent_format.process_in(first.detach().float()))


def _conditioning(value: Any, _showing: Showing) -> list[Block]:
    rows = []
    for tokens, options in value[:_MAX_ENTRIES]:
        pooled = options.get("pooled_output")
        rest = [f"{name} {_brief(held)}" for name, held in options.items() if name not in {"pooled_output", *_REGION}]
        rows.append(
            (
                "none" if tokens is None else f"{tokens.shape[-2]} × {tokens.shape[-1]}",
                "" if tokens is None else _norm(tokens),
                "" if pooled is None else f"{pooled.shape[-1]}, norm {_norm(pooled)}",
                ", ".join(f"{name} {_brief(options[name])}" for name in _REGION if name in options),
                ", ".join(rest),
            )
        )
    blocks: list[Block] = [Label(f"conditioning, {counted(len(value), 'entry', 'entries')}")]
    if rows:
        blocks.append(Table(("tokens × dims", "norm", "pooled", "where and when", "more"), rows))
    if len(value) > _MAX_ENTRIES:
        blocks.append(Words(f"and {len(value) - _MAX_ENTRIES} more", "muted"))
    return blocks


_REGION = (
    "area",
    "mask",
    "mask_strength",
    "set_area_to_bounds",
    "strength",
    "start_percent",
    "end_percent",
)


def _norm(tensor: Any) -> str:
    return f"{float(tensor.detach().float().norm()):.4g}"


def _sigmas(value: Any, _showing: Showing) -> list[Block]:
    levels = [float(each) for each in value.detach().cpu()]
    steps = max(0, len(levels) - 1)
    blocks: list[Block] = [Label(f"noise levels, {counted(steps, 'step')}")]
    if levels:
        ends = f"from {levels[0]:.4g} to {levels[-1]:.4g}"
        blocks.append(Raw(curve(levels, f"noise levels, {ends}"), ends))
    return blocks


def _model(value: Any, showing: Showing) -> list[Block]:
    facts = [
        ("family", value.family),
        ("predicts", value.sampling.prediction),
        ("latents", value.latent_format.name),
    ]
    facts += _networks((value.network,), showing)
    facts += [("option", words_of(each)) for each in value.options]
    return [Facts(facts)]


def _clip(value: Any, showing: Showing) -> list[Block]:
    facts = [("family", value.family)]
    if value.stop_at_layer is not None:
        facts.append(("stops at layer", str(value.stop_at_layer)))
    return [Facts([*facts, *_networks(value.encoders, showing)])]


def _vae(value: Any, showing: Showing) -> list[Block]:
    return [Facts([("kind", value.kind), *_networks((value.network,), showing)])]


def _networks(networks: tuple[Patched, ...], showing: Showing) -> Iterator[tuple[str, str]]:
    """Yield what there is to say of the weights of each network."""
    ledger = showing.session.pool.ledger()
    for network in networks:
        part = network.part
        yield part.name, part.file.path.name
        yield from _weights(part)
        held = [row for row in ledger.rows if (row.file, row.part) == (part.file.path.name, part.name)]
        held = [row for row in held if row.patches == len(network.patches)]
        where = (
            f"on {ledger.device}, {held[0].dtype}, {bytes_text(held[0].size_bytes + held[0].mapped_bytes)}"
            if held
            else "on disk, loaded when a run needs them"
        )
        yield "weights are", where
        for patch in network.patches:
            yield "changed by", _patch(patch)


def _weights(part: Any) -> Iterator[tuple[str, str]]:
    from nodebook.models.files import SAFETENSORS_SUFFIXES, read_index

    if part.file.path.suffix.lower() not in SAFETENSORS_SUFFIXES:
        return  # nothing but reading it whole says what a pickled file holds
    prefix = getattr(part.spec, "prefix", "")
    try:
        tensors = [each for name, each in read_index(part.file.path).tensors.items() if name.startswith(prefix)]
    except Exception as error:  # noqa: BLE001 -- the file may be gone by now; that is what is shown then
        yield "file", str(error)
        return
    sizes: dict[str, int] = {}
    for each in tensors:
        sizes[each.dtype] = sizes.get(each.dtype, 0) + each.size_bytes
    if tensors:
        count = sum(each.count for each in tensors)
        dtypes = ", ".join(sorted(sizes, key=lambda name: -sizes[name]))
        yield "parameters", f"{_readable(count)}, {dtypes}, {bytes_text(sum(sizes.values()))} in the file"


def _readable(count: int) -> str:
    for name, unit in (("billion", 10**9), ("million", 10**6)):
        if count >= unit:
            return f"{count / unit:.2f} {name}"
    return f"{count:,}"


def _patch(patch: Any) -> str:
    file, strength = getattr(patch, "file", None), getattr(patch, "strength", None)
    if file is not None and strength is not None:
        return f"{file.path.name} at {strength:g}"
    return words_of(patch)


def _sampler(value: Any, _showing: Showing) -> list[Block]:
    facts = [("sampler", value.name), *((name, words_of(held)) for name, held in value.options)]
    return [Facts(facts)]


def _guider(value: Any, _showing: Showing) -> list[Block]:
    facts = [("guidance", type(value).__name__)]
    for each in dataclasses.fields(value):
        held = getattr(value, each.name)
        is_conditioning = isinstance(held, list)
        facts.append((each.name, counted(len(held), "entry", "entries") if is_conditioning else words_of(held)))
    return [Facts(facts)]


def _brief(value: Any) -> str:
    if hasattr(value, "shape"):
        return " × ".join(map(str, value.shape))
    return f"{value:g}" if isinstance(value, float) else words_of(value, _MAX_REGION_CHARS)


_BY_NAME: Mapping[str, Show] = {
    "ModelHandle": _model,
    "ClipHandle": _clip,
    "VaeHandle": _vae,
    "Sampler": _sampler,
    "CFGGuider": _guider,
    "DualCFGGuider": _guider,
    "PerpNegGuider": _guider,
}
