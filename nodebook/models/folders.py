"""Folders of models, by category, as ComfyUI has them: an existing models folder serves unchanged.

Source: spec engine.md G.1, G.2.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any, Final

from nodebook.models.errors import ModelFileNotFoundError, ModelFolderError
from nodebook.models.files import WEIGHTS_SUFFIXES

CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    **{
        name: (name,)
        for name in (
            *("checkpoints", "loras", "vae", "clip_vision", "style_models", "embeddings", "vae_approx", "gligen"),
            *("upscale_models", "latent_upscale_models", "hypernetworks", "photomaker", "model_patches"),
            *("audio_encoders", "configs", "diffusers", "classifiers"),
        )
    },
    "text_encoders": ("text_encoders", "clip"),
    "diffusion_models": ("unet", "diffusion_models"),
    "controlnet": ("controlnet", "t2i_adapter"),
}
"""Category -> the folders below a models folder that hold its files."""

ALIASES: Final[Mapping[str, str]] = {"unet": "diffusion_models", "clip": "text_encoders"}
"""Names that older files use for categories."""

SUFFIXES: Final[Mapping[str, frozenset[str]]] = {"configs": frozenset({".yaml"}), "classifiers": frozenset({""})}
"""Of categories whose files are no weights; a category that is only in a configuration file lists all files."""

OWN_CATEGORIES: Final = ("checkpoints", "loras")
"""What the package brings itself: the demo model."""

DATA = Path(__file__).parent / "data"
EXTRA_PATHS = "extra_model_paths.yaml"
ENVIRONMENT = "NODEBOOK_MODELS"
"""More models folders, separated as in ``PATH``."""

_MAX_DEPTH = 32
"""Folders within folders that are looked into: more is a loop of links."""


@dataclass(slots=True)
class _Listing:
    """What a category listed last, and the time stamps of the folders that it was read from."""

    names: list[str]
    stamps: dict[str, int]
    roots: tuple[Path, ...]


class ModelFolders:
    """Model files by category and name. Lists are read anew when a folder has changed."""

    def __init__(
        self, roots: Iterable[Path] = (), extra_paths: Iterable[Path] = (), *, own: Path | None = DATA
    ) -> None:
        """Look into ``roots`` (models folders), then into what the ``extra_model_paths.yaml`` files say, then ``own``.

        Files that do not exist are skipped. Raises ``ModelFolderError`` for a file that cannot be understood.
        """
        self._folders: dict[str, list[Path]] = {category: [] for category in CATEGORIES}
        for root in roots:
            self.add_root(root)
        for file in extra_paths:
            if file.is_file():
                self.add_extra_paths(file)
        self._own = own
        self._listings: dict[str, _Listing] = {}

    @classmethod
    def beside(cls, folder: Path, environment: Mapping[str, str] = os.environ) -> ModelFolders:
        """Return the folders of a session: ``folder``/models, those of NODEBOOK_MODELS, and ``extra_model_paths.yaml``.

        A path in the environment variable may be a models folder, or a folder that has one.
        """
        named = [Path(path).expanduser() for path in environment.get(ENVIRONMENT, "").split(os.pathsep) if path]
        roots = [path / "models" if (path / "models").is_dir() else path for path in named]
        return cls([folder / "models", *roots], [folder / EXTRA_PATHS])

    def add_root(self, root: Path) -> None:
        """Look into one more models folder, after the others."""
        for category, names in CATEGORIES.items():
            for name in names:
                self.add(category, root.absolute() / name)

    def add(self, category: str, folder: Path, *, first: bool = False) -> None:
        """Look for a category's files in one more folder: after the others, or ``first``."""
        known = self._folders.setdefault(ALIASES.get(category, category), [])
        folder = Path(os.path.normpath(folder))
        if folder in known:
            if not first:
                return
            known.remove(folder)
        known.insert(0 if first else len(known), folder)

    def add_extra_paths(self, file: Path) -> None:
        """Look into the folders that an ``extra_model_paths.yaml`` names."""
        for category, folder, first in read_extra_paths(file):
            self.add(category, folder, first=first)

    def folders(self, category: str) -> tuple[Path, ...]:
        """Return where a category's files are looked for, in this order; the package's own come last."""
        category = self._category(category)
        own = (self._own / category,) if self._own is not None and category in OWN_CATEGORIES else ()
        return (*self._folders[category], *own)

    def names(self, category: str) -> list[str]:
        """Return the names of a category's files, sorted, with ``/`` between folders; hidden ones are left out."""
        category = self._category(category)
        roots = self.folders(category)
        known = self._listings.get(category)
        if known is None or known.roots != roots or not _is_current(known):
            known = self._listings[category] = _list(roots, self._suffixes(category))
        return list(known.names)

    def find(self, category: str, name: str) -> Path | None:
        """Return the file of a category that a name means, None where there is none."""
        inside = PurePosixPath(name.replace("\\", "/"))
        if not name.strip() or inside.is_absolute() or ".." in inside.parts or ":" in inside.parts[0]:
            return None
        candidates = (folder / inside for folder in self.folders(category))
        return next((path for path in candidates if _is_file(path)), None)

    def resolve(self, category: str, name: str) -> Path:
        """Return the file of a category that a name means.

        Raises ``ModelFileNotFoundError`` where there is none, with names that are like it and where was looked.
        """
        path = self.find(category, name)
        if path is None:
            raise ModelFileNotFoundError(self._missing(self._category(category), name))
        return path

    def _category(self, category: str) -> str:
        category = ALIASES.get(category, category)
        if category not in self._folders:
            raise ModelFolderError(f"There is no model folder {category!r}. Those known: {', '.join(self._folders)}.")
        return category

    def _suffixes(self, category: str) -> frozenset[str] | None:
        if category not in CATEGORIES:
            return None
        return SUFFIXES.get(category, WEIGHTS_SUFFIXES)

    def _missing(self, category: str, name: str) -> str:
        known = self.names(category)
        close = get_close_matches(name, known, n=3, cutoff=0.5)
        folders = self.folders(category)
        looked = next((folder for folder in folders if folder.is_dir()), folders[0] if folders else None)
        if close:
            hint = f"Did you mean {' or '.join(map(repr, close))}?"
        elif known:
            hint = f"There are {len(known)} files, for example {known[0]!r}."
        else:
            hint = f"There are no files yet: put one into {looked}, or set {ENVIRONMENT} to a folder that has them."
        places = ", ".join(str(folder) for folder in folders)
        return f"There is no file {name!r} in the model folder {category!r}. {hint} Looked in: {places}."


def read_extra_paths(file: Path) -> list[tuple[str, Path, bool]]:
    """Return (category, folder, whether it comes first) of each line of an ``extra_model_paths.yaml``.

    Raises ``ModelFolderError`` for a file that is not YAML of that kind, naming the section.
    """
    import yaml

    try:
        sections = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ModelFolderError(f"Cannot read {file}: {error}. Expected sections of 'category: path' lines.") from error
    if not isinstance(sections, dict):
        raise ModelFolderError(f"Cannot read {file}: expected sections of 'category: path' lines.")
    found = []
    for name, section in sections.items():
        if section is None:
            continue
        if not isinstance(section, dict):
            raise ModelFolderError(f"The section {name!r} of {file} is a {type(section).__name__}, not lines of paths.")
        found += _section(file, section)
    return found


def _section(file: Path, section: dict[str, Any]) -> list[tuple[str, Path, bool]]:
    home = file.absolute().parent
    base = home / _expanded(str(section["base_path"])) if section.get("base_path") else home
    first = bool(section.get("is_default", False))
    return [
        (str(category), base / _expanded(line.strip()), first)
        for category, lines in section.items()
        if category not in ("base_path", "is_default") and lines is not None
        for line in str(lines).split("\n")
        if line.strip()
    ]


def _expanded(path: str) -> str:
    return os.path.expandvars(os.path.expanduser(path))  # noqa: PTH111 -- Path raises where there is no such user


def _is_current(listing: _Listing) -> bool:
    return all(_stamp(folder) == stamp for folder, stamp in listing.stamps.items())


def _stamp(folder: str) -> int:
    """Return when a folder's entries last changed, 0 where there is no such folder."""
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 -- hundreds of these at each look
    except OSError:
        return 0


def _list(roots: Sequence[Path], suffixes: frozenset[str] | None) -> _Listing:
    names: set[str] = set()
    stamps: dict[str, int] = {}
    for root in roots:
        stamps[str(root)] = _stamp(str(root))
        for folder, subfolders, files in os.walk(root, followlinks=True):
            below = Path(folder).relative_to(root)
            stamps[folder] = _stamp(folder)
            subfolders[:] = (
                [sub for sub in subfolders if not sub.startswith(".")] if len(below.parts) < _MAX_DEPTH else []
            )
            names.update((below / file).as_posix() for file in files if _is_listed(file, suffixes))
    return _Listing(sorted(names), stamps, tuple(roots))


def _is_listed(file: str, suffixes: frozenset[str] | None) -> bool:
    return not file.startswith(".") and (suffixes is None or Path(file).suffix.lower() in suffixes)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file system takes
        return False
