"""What results may depend on beside the graph: this machine, its packages, and the code of node functions."""

from __future__ import annotations

import importlib.metadata
import inspect
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from nodebook.engine.bytecode import code_facts
from nodebook.engine.fingerprint import digest
from nodebook.engine.nodetype import NodeType
from nodebook.engine.origins import NOTEBOOK_MODULE, is_installed, stamp
from nodebook.notebook.lock.format import LockedType

if TYPE_CHECKING:
    from nodebook.sessions import Session

ALWAYS = ("nodebook", "torch", "numpy", "pillow")
"""Distributions that every result depends on."""

FOR_MODELS = ("diffusers", "transformers", "tokenizers", "safetensors", "scipy", "torchsde")
"""Those that results of models depend on too."""

MOST_TEXT_CHARS = 1000
"""A function whose text is longer is kept as a digest only: the notebook has its cell anyway."""


def environment(session: Session) -> dict[str, str]:
    """Return this process's machine, device, dtype and settings, as far as results may depend on them."""
    import torch

    device = session.pool.device
    found = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "device": str(device),
        "dtype": _dtype(device),
    }
    if device.type == "cuda":
        cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
        found["gpu"] = torch.cuda.get_device_name(device)
        found["cuda"] = f"{torch.version.cuda}, cuDNN {cudnn}"
        found["tf32"] = str(torch.backends.cuda.matmul.allow_tf32)
    # What follows is of the processor, on which text and noise are made whatever the device.
    found["processor"] = str(torch.backends.cpu.get_cpu_capability())
    found["threads"] = str(torch.get_num_threads())
    if torch.are_deterministic_algorithms_enabled():
        found["deterministic"] = "True"
    return found


def _dtype(device: Any) -> str:
    """Return the dtype in which diffusion networks compute there."""
    from nodebook.models.handles import Part, WeightsFile
    from nodebook.models.precision import compute_dtype

    nowhere: Any = WeightsFile("", None)  # type: ignore[arg-type]  # only the kind of network is asked for
    return str(compute_dtype(Part(nowhere, "unet", None), device)).removeprefix("torch.")


def package_versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of those distributions that are installed."""
    return {name: version for name in sorted(names) if (version := package_version(name)) is not None}


@cache
def package_version(name: str) -> str | None:
    """Return the version of an installed distribution; of a checkout of nodebook with a digest of its sources."""
    try:
        version = importlib.metadata.version(name)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        version = None
    if name != "nodebook":
        return version
    sources = stamp("nodebook").text[len((version or "unknown").encode()) :]
    return f"{version or 'unknown'}+{sources.hex()[:12]}" if sources else version


def locked_type(node_type: NodeType) -> LockedType:
    """Return what tells whether a function is the same one elsewhere."""
    own = node_type.own_code
    text = source_of(node_type.function)
    return LockedType(
        code=own.digest.hex() if own.is_portable else "",
        module=module_of(node_type),
        portable=own.is_portable,
        source=None if text is None else digest(text.encode("utf-8", "surrogatepass")).hex(),
        text=tuple(text.splitlines()) if text is not None and len(text) <= MOST_TEXT_CHARS else (),
    )


def module_of(node_type: NodeType) -> str:
    """Return the module that defines a function; the notebook where it does not say."""
    module = getattr(inspect.unwrap(node_type.function), "__module__", None)
    return module if isinstance(module, str) else NOTEBOOK_MODULE


def source_of(function: Callable[..., Any]) -> str | None:
    """Return the text of a function as it was written, None where there is none (``exec``, a builtin)."""
    try:
        return inspect.getsource(inspect.unwrap(function))
    except (OSError, TypeError, ValueError):
        return None


def distributions_of(function: Callable[..., Any]) -> set[str]:
    """Return the installed distributions whose code a function of the notebook reads, by way of helpers too."""
    found: set[str] = set()
    seen: set[int] = set()
    stack: list[Any] = [inspect.unwrap(function)]
    while stack:
        each = stack.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        module = _module_name(each)
        if module is not None and is_installed(module):
            found.update(_providers_of(module.partition(".")[0]))
        elif inspect.isfunction(each):
            stack.extend(_read_by(each))
        elif inspect.isclass(each):
            stack.extend(vars(each).values())
    return found


def _module_name(value: Any) -> str | None:
    name = getattr(value, "__name__", None) if inspect.ismodule(value) else getattr(value, "__module__", None)
    return name if isinstance(name, str) else None


def _read_by(function: Any) -> Iterator[Any]:
    facts = code_facts(function.__code__)
    for chain in facts.reads:
        if chain[0] in function.__globals__:
            yield function.__globals__[chain[0]]
    for chain in facts.imports:
        module = sys.modules.get(chain[0])
        if module is not None:
            yield module
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue


@cache
def _providers_of(top: str) -> tuple[str, ...]:
    """Return the distributions that a module is of. Most have its name; looking through all takes 0.15 s."""
    if top in sys.stdlib_module_names:
        return ()
    try:
        importlib.metadata.version(top)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return tuple(_all_providers().get(top, ()))
    return (top,)


@cache
def _all_providers() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()
