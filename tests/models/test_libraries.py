"""Libraries that are loaded ahead."""

from __future__ import annotations

import json
import subprocess
import sys

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
