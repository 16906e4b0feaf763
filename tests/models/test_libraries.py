"""Libraries that are loaded ahead."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import torch

from nodebook.models import build
from nodebook.models.libraries import importing
from nodebook.models.load import load_checkpoint
from tests.golden_data import NUMERICS, needs_golden

if TYPE_CHECKING:
    from nodebook.models.handles import Part

TINY = NUMERICS / "tiny_sd1.safetensors"
PROBE = """
import json, sys
from nodebook.models.libraries import load_ahead
thread = load_ahead()
works = thread.is_alive()
same = load_ahead() is thread
thread.join()
print(json.dumps([works, same, "diffusers.models.unets.unet_2d_condition" in sys.modules,
                  "transformers.models.clip.modeling_clip" in sys.modules]))
"""


def test_loading_ahead_returns_at_once_and_happens_once() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, True, True, True]


def test_a_library_that_is_missing_breaks_nothing() -> None:
    code = (
        "import sys; sys.modules['transformers'] = None\n"
        "from nodebook.models.libraries import load_ahead\n"
        "load_ahead().join()\n"
        "print('diffusers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
    assert done.stderr == ""


BUILDS_MEANWHILE = """
import sys, time
from nodebook.models.convert.clip import new_clip
from nodebook.models.libraries import load_ahead
from nodebook.models.spec import ClipSpec
load_ahead()
while 'transformers' not in sys.modules:
    time.sleep(0.0001)
spec = ClipSpec(prefix='', layout='hf', width=8, layers=1, heads=2, mlp_width=8, positions=7, vocabulary=49408,
                activation='gelu')
print(type(new_clip(spec)).__name__)
load_ahead().join()
print('diffusers.models.autoencoders.autoencoder_kl' in sys.modules)
"""


def test_who_builds_while_they_are_being_loaded_is_not_given_half_of_them() -> None:
    done = subprocess.run([sys.executable, "-c", BUILDS_MEANWHILE], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["CLIPTextModelWithProjection", "True"], done.stderr


@needs_golden
def test_networks_are_built_while_nobody_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    held, real = [], build._new

    def note(part: Part, keys: list[str]) -> Any:
        with ThreadPoolExecutor(1) as other:
            held.append(not other.submit(importing.acquire, blocking=False).result())
        return real(part, keys)

    monkeypatch.setattr(build, "_new", note)
    model, _, _ = load_checkpoint(TINY)
    build.build_part(model.network.part, torch.float32)
    assert held == [True]
