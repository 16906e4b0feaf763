"""ComfyUI's formats: API prompts as graphs, graphs as API prompts, and its server's checks of a prompt.

Importing this loads nothing; each name is resolved when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nodebook.comfy.prompt import from_prompt as from_prompt
    from nodebook.comfy.prompt import to_prompt as to_prompt
    from nodebook.comfy.validation import PromptReport as PromptReport
    from nodebook.comfy.validation import validate_prompt as validate_prompt

_WHERE = {
    "PromptReport": "validation",
    "from_prompt": "prompt",
    "to_prompt": "prompt",
    "validate_prompt": "validation",
}

__all__ = [*_WHERE]  # noqa: PLE0604 - the table above, so that a name stands in one place


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"nodebook.comfy has no {name!r}. Its public names are: {', '.join(__all__)}.")
    from importlib import import_module

    return getattr(import_module(f"nodebook.comfy.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
