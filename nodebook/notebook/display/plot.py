"""A small plot as SVG, drawn in the colour of the text around it, so that it fits any theme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

_WIDTH_PX = 320
_HEIGHT_PX = 96
_MARGIN_PX = 6
_MAX_POINTS = 400
_MAX_DOTS = 60


def curve(values: Sequence[float], name: str) -> str:
    """Return values one after another as a line, from 0 or below to the largest; ``name`` says the same in words."""
    step = max(1, math.ceil(len(values) / _MAX_POINTS))
    shown = [(index, value) for index, value in enumerate(values) if index % step == 0 and math.isfinite(value)]
    if not shown:
        return ""
    low = min(0.0, *(value for _, value in shown))
    high = max(0.0, *(value for _, value in shown))
    high = high if high > low else low + 1.0
    across = (_WIDTH_PX - 2 * _MARGIN_PX) / max(1, len(values) - 1)
    up = (_HEIGHT_PX - 2 * _MARGIN_PX) / (high - low)
    points = [(_MARGIN_PX + index * across, _HEIGHT_PX - _MARGIN_PX - (value - low) * up) for index, value in shown]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    base = _HEIGHT_PX - _MARGIN_PX - (0.0 - low) * up
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="currentColor"/>' for x, y in points]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH_PX}" height="{_HEIGHT_PX}" '
        f'viewBox="0 0 {_WIDTH_PX} {_HEIGHT_PX}" role="img" aria-label="{escape(name, quote=True)}">'
        f"<title>{escape(name)}</title>"
        f'<line x1="0" x2="{_WIDTH_PX}" y1="{base:.1f}" y2="{base:.1f}" stroke="currentColor" opacity="0.25"/>'
        f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
        f"{''.join(dots) if len(dots) <= _MAX_DOTS else ''}</svg>"
        f'<div style="opacity: 0.7; font-size: 12px">{escape(name)}</div>'
    )
