"""How long a cold kernel takes to its first picture by the demo model, and how much of that is loading libraries.

    python benchmarks/bench_first_picture.py [--repeats 5]

Each repeat is a fresh interpreter. ``libraries`` is what any program pays that uses these networks: importing torch and
the three classes from diffusers and transformers, measured in fresh interpreters of the same run. ``again``: the same
graph with another seed in the same kernel. The model is in the page cache of the system after the first repeat.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile

STEPS = 20

LIBRARIES = """
import json, time
start = time.perf_counter()
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel
print(json.dumps({"libraries": time.perf_counter() - start}))
"""

PICTURE = f"""
import json, time
marks = [("", time.perf_counter())]

def mark(name):
    marks.append((name, time.perf_counter()))

import nodebook as nb
nb.session()
mark("session")
g = nb.Graph()
model, clip, vae = g.add("CheckpointLoaderSimple", ckpt_name="nodebook-demo.safetensors")
wanted = g.add("CLIPTextEncode", clip=clip, text="a red circle on a blue background")
unwanted = g.add("CLIPTextEncode", clip=clip, text="")
blank = g.add("EmptyLatentImage", width=128, height=128)
sampled = g.add("KSampler", model=model, seed=g.input("seed", 1), steps={STEPS}, cfg=5.0, sampler_name="dpmpp_2m",
                scheduler="karras", positive=wanted, negative=unwanted, latent_image=blank)
shown = g.add("PreviewImage", images=g.add("VAEDecode", samples=sampled, vae=vae))
mark("graph")
g.run(wanted).check()
mark("text")
g.run().check()
mark("picture")
g.run(seed=2).check()
mark("again")
print(json.dumps({{name: at - before for (_, before), (name, at) in zip(marks, marks[1:])}}))
"""


def measure(code: str, repeats: int) -> dict[str, float]:
    """Return the median seconds of each mark of a program, each time in a fresh interpreter and an empty folder."""
    found: dict[str, list[float]] = {}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=folder, env=_environment()
            )
        for name, seconds in json.loads(done.stdout.splitlines()[-1]).items():
            found.setdefault(name, []).append(seconds)
    return {name: statistics.median(each) for name, each in found.items()}


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "NODEBOOK_CACHE_DIR": "off"}  # results of the repeats before would be found there


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    libraries = measure(LIBRARIES, repeats)["libraries"]
    stages = measure(PICTURE, repeats)
    first = sum(seconds for name, seconds in stages.items() if name != "again")
    print(f"a cold kernel to its first picture, median of {repeats}, {STEPS} steps at 128 x 128:")
    for name, what in (
        ("session", "import nodebook, start the session"),
        ("graph", "build the graph"),
        ("text", "first prompt encoded (reads the file, loads diffusers and transformers)"),
        ("picture", "sampled, decoded, shown"),
    ):
        print(f"  {stages[name]:6.2f} s  {what}")
    print(f"  {first:6.2f} s  in all; importing the libraries alone: {libraries:.2f} s, ratio {first / libraries:.2f}")
    print(f"  {stages['again']:6.2f} s  another seed in the same kernel")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
