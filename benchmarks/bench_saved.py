"""How large a notebook is that keeps a graph, and what of it is what.

    python benchmarks/bench_saved.py

The promise: at most 1.5 times the document's size and the thumbnails, and no bundle in it. The picture of the graph
with small copies of its results stands for thumbnails, and is told by itself; so is the lock, which has the content
hashes of all nodes and small likenesses of the results.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat

from nodebook.graph import Graph
from nodebook.handles import NodeHandle
from nodebook.notebook.saved.outputs import output_of
from nodebook.notebook.saved.stored import GRAPH_MIME
from nodebook.sessions import Session

PROMISED = 1.5
SIZES = (20, 200, 1000)
INDENT = 10
"""How far nbformat indents a line of a value, with the comma and the line feed."""
PER_CARD_BYTES = 2500
"""Of the picture, without the copies of results: it must not grow without bound."""


def photo_graph(session: Session, nodes: int) -> Graph:
    """Return a graph of noise, blurred and scaled again and again, with values and places as in real ones."""
    graph = Graph("bench", own_session=session)
    pictures: list[NodeHandle] = []
    for at in range(nodes):
        if at % 5 == 0:
            made = graph.add("EmptyImage", width=192, height=128, color=(at * 40503) % 0xFFFFFF)
        elif at % 5 == 1:
            made = graph.add("ImageBlur", image=pictures[-1], blur_radius=2 + at % 7, sigma=1.5)
        elif at % 5 == 2:
            made = graph.add(
                "ImageScale", image=pictures[-1], upscale_method="lanczos", width=256, height=192, crop="disabled"
            )
        elif at % 5 == 3:
            made = graph.add("ImageInvert", title=f"Negative {at}", image=pictures[-1])
        else:
            made = graph.add("ImageBlend", image1=pictures[-1], image2=pictures[-2], blend_factor=0.25)
        pictures.append(made)
    return graph


def saved_bytes(bundle: dict[str, Any], path: Path) -> int:
    """Return how large a notebook with this output is, less one without."""

    def size(outputs: list[Any]) -> int:
        cell = nbformat.v4.new_code_cell("g", id="cell", outputs=outputs)
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
        return path.stat().st_size

    return size([nbformat.v4.new_output("display_data", bundle)]) - size([])


def measure(nodes: int) -> bool:
    """Print the figures of one size; say whether the promise is kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        session = Session(folder)
        graph = photo_graph(session, nodes)
        graph.run()
        output = output_of(graph)
        began = time.perf_counter()
        bundle = output.make()
        first_s = time.perf_counter() - began
        began = time.perf_counter()
        output.make()
        again_s = time.perf_counter() - began
        document = len(graph.to_json().encode())
        total = saved_bytes(bundle, folder / "saved.ipynb")
        session.close()
    image = re.search(r'<img src="data:image/svg\+xml;base64,([^"]*)"', bundle["text/html"])
    assert image is not None
    svg = base64.b64decode(image[1]).decode()
    copies = sum(len(each) for each in re.findall(r'href="data:image/webp;base64,([^"]*)"', svg))
    picture = len(image[1])
    value = bundle[GRAPH_MIME]
    lock = sum(len(json.dumps(line)) + INDENT for line in value["lock"])
    ratio = (total - picture - lock) / document
    kilobytes = {"document": document, "notebook": total, "picture": picture, "results in it": copies, "lock": lock}
    sizes = ", ".join(f"{what} {size / 1e3:.1f} KB" for what, size in kilobytes.items())
    print(f"{nodes} nodes: {sizes}")
    print(
        f"  without picture and lock {ratio:.2f} times the document; {svg.count('<image ')} results; made in "
        f"{first_s * 1e3:.0f} ms, again in {again_s * 1e3:.0f} ms"
    )
    drawing = (picture / 4 * 3 - copies) / nodes
    return ratio <= PROMISED and drawing <= PER_CARD_BYTES and "react" not in json.dumps(value)


def main() -> int:
    """Print the figures; return 1 when the promise is not kept."""
    kept = [measure(nodes) for nodes in SIZES]
    outcome = "kept" if all(kept) else "NOT KEPT"
    print(f"promise: ≤ {PROMISED} times the document beside picture and lock, no bundle: {outcome}")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
