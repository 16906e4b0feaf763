"""Sound, films and plots for the editor: files as they are, samples as WAV, figures as PNG."""

from __future__ import annotations

import io
import os
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_BYTES = 32 << 20
"""The most that is sent of one file."""

MAX_FIGURE_PX = 2000
_FIGURE_DPI = 144
_SAMPLE_TOP = 32767
_DIMENSIONS = (1, 2, 3)  # samples; channels, samples; batch, channels, samples

AUDIO_TYPES = {
    ".aac": "audio/aac",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
}
VIDEO_TYPES = {
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".ogv": "video/ogg",
    ".webm": "video/webm",
}


@dataclass(frozen=True, slots=True)
class Media:
    """JSON that says what it is, and the file; None where it is too large to be sent."""

    info: Mapping[str, Any]
    data: bytes | None


def audio(value: Any) -> Media:
    """Return a sound: the path of a file, or samples as ``{"waveform": …, "sample_rate": …}`` (ComfyUI's form).

    The waveform is ``[samples]``, ``[channels, samples]`` or ``[batch, channels, samples]``, of which the first is
    taken, in -1..1. Raises ``ValueError`` for anything else.
    """
    if isinstance(value, (str, os.PathLike)):
        return _file("audio", Path(value), AUDIO_TYPES)
    if not isinstance(value, Mapping) or not {"waveform", "sample_rate"} <= value.keys():
        raise ValueError(
            'a sound is the path of a file, or {"waveform": samples, "sample_rate": per second}; '
            f"got {type(value).__name__}"
        )
    data, seconds = _wav(value["waveform"], int(value["sample_rate"]))
    info = {"kind": "audio", "mime": "audio/wav", "file": "sound.wav", "seconds": seconds}
    return _bounded(info, data)


def video(value: Any) -> Media:
    """Return a film: the path of a file. There is no encoder here, so frames must be written as a file first."""
    if isinstance(value, (str, os.PathLike)):
        return _file("video", Path(value), VIDEO_TYPES)
    raise ValueError(
        f"a film is the path of a file ({', '.join(VIDEO_TYPES)}), got {type(value).__name__}. nodebook brings no "
        "encoder: write the frames with imageio-ffmpeg or another package, and show the file"
    )


def is_figure(value: Any) -> bool:
    """Say whether a value is a plot of matplotlib, plotly or altair."""
    module = type(value).__module__.partition(".")[0]
    return module in {"matplotlib", "plotly", "altair"} and any(
        callable(getattr(value, name, None)) for name in ("savefig", "to_image", "save")
    )


def figure(value: Any) -> Media:
    """Return a plot as PNG. Raises ``ValueError`` for what is no plot, or where its library gives no PNG here."""
    file = io.BytesIO()
    if callable(getattr(value, "savefig", None)):
        longest_in = max(value.get_size_inches())
        value.savefig(file, format="png", dpi=min(_FIGURE_DPI, MAX_FIGURE_PX / longest_in), bbox_inches="tight")
    elif callable(getattr(value, "to_image", None)):  # plotly, with kaleido
        file.write(value.to_image(format="png"))
    elif type(value).__module__.partition(".")[0] == "altair":  # with vl-convert
        value.save(file, format="png")
    else:
        raise ValueError(f"a plot is a figure of matplotlib, plotly or altair, got {type(value).__name__}")
    data = file.getvalue()
    return _bounded({"kind": "figure", "mime": "image/png", **_png_size(data)}, data)


def _png_size(data: bytes) -> dict[str, int]:
    """Read width and height where a PNG has them; nothing but a PNG may pass for one."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        raise ValueError("the plot's library gave something else than a PNG")
    return {"width": int.from_bytes(data[16:20], "big"), "height": int.from_bytes(data[20:24], "big")}


def _file(kind: str, path: Path, types: Mapping[str, str]) -> Media:
    mime = types.get(path.suffix.lower())
    if mime is None:
        raise ValueError(f"{path.name} is none of the files that browsers play ({', '.join(types)})")
    info = {"kind": kind, "mime": mime, "file": path.name}
    size = path.stat().st_size
    return _too_large(info, size) if size > MAX_BYTES else Media(info, path.read_bytes())


def _bounded(info: dict[str, Any], data: bytes) -> Media:
    return _too_large(info, len(data)) if len(data) > MAX_BYTES else Media(info, data)


def _too_large(info: Mapping[str, Any], size: int) -> Media:
    text = (
        f"{info.get('file', 'This')} has {size >> 20} MiB; at most {MAX_BYTES >> 20} MiB are sent to the editor. "
        "Open the file itself."
    )
    return Media({"kind": "note", "text": text}, None)


def _wav(waveform: Any, rate: int) -> tuple[bytes, float]:
    """Return samples as a WAV file of 16 bits, and how long it plays, in seconds."""
    import numpy as np

    tensor = waveform.detach().cpu().float() if hasattr(waveform, "detach") else waveform
    samples = np.asarray(tensor, dtype=np.float32)
    if samples.ndim not in _DIMENSIONS or samples.size == 0 or rate < 1:
        raise ValueError(f"a waveform of shape {list(samples.shape)} at {rate} per second has nothing to play")
    if samples.ndim == 3:  # noqa: PLR2004 -- batch, channels, samples
        samples = samples[0]
    channels = np.atleast_2d(samples)
    whole = (np.nan_to_num(channels).clip(-1, 1) * _SAMPLE_TOP).round().astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(len(whole))
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(whole.T.tobytes())
    return file.getvalue(), whole.shape[1] / rate
