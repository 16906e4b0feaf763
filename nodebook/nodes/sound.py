"""Nodes about sound."""

from typing import Annotated, Any

from nodebook.engine.annotations import Port
from nodebook.engine.node import UI, node

Audio = Annotated[Any, Port("AUDIO")]
"""``{"waveform": [batch, channels, samples] in -1..1, "sample_rate": per second}``."""


@node(name="PreviewAudio", title="Preview Audio", category="audio", is_output=True)
def preview_audio(audio: Audio) -> UI:
    """Play a sound on the node. Nothing is written to disk."""
    return UI(audio=audio)
