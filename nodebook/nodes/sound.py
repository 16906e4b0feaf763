"""Nodes about sound and films."""

from typing import Annotated, Any

from nodebook.assets.folders import Folders, file_digest
from nodebook.engine.annotations import Hidden, InputFile, Port
from nodebook.engine.node import UI, node
from nodebook.nodes.blame import about

Audio = Annotated[Any, Port("AUDIO")]
"""``{"waveform": [batch, channels, samples] in -1..1, "sample_rate": per second}``."""


@node(name="PreviewAudio", title="Preview Audio", category="audio", is_output=True)
def preview_audio(audio: Audio) -> UI:
    """Play a sound on the node. Nothing is written to disk."""
    return UI(audio=audio)


AUDIO_SUFFIXES = (".wav", ".mp3", ".ogg", ".oga", ".opus", ".flac", ".m4a", ".aac")
VIDEO_SUFFIXES = (".mp4", ".webm", ".ogv", ".mov", ".m4v")

MediaName = Annotated[str, InputFile((*AUDIO_SUFFIXES, *VIDEO_SUFFIXES))]


def media_digest(folders: Folders, file: str, **_others: Any) -> str:
    """Return what joins the key of a node that plays a file: the SHA-256 of its content."""
    with about("file"):
        return file_digest(folders.resolve(file))


@node(name="PlayFile", title="Play File", category="audio", is_output=True, aliases=("sound", "film", "video"))
def play_file(file: MediaName, *, folders: Hidden[Folders]) -> UI:
    """Play a sound or film file on the node, as the browser can.

    file: a name in the input folder, "name.mp4 [output]", or a path.
    """
    with about("file"):
        path = folders.resolve(file)
    return UI(video=str(path)) if path.suffix.lower() in VIDEO_SUFFIXES else UI(audio=str(path))
