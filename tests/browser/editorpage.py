"""The built editor in a bare page, on a kernel that lives in the page (nodebook/js/dev/bench)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

ROOT = Path(__file__).resolve().parent.parent.parent
ORIGIN = "http://editor.test"
_INDEX = ROOT / "nodebook" / "js" / "dev" / "bench" / "index.html"
_FOLDERS = {"/static/": ROOT / "nodebook" / "widget" / "static", "/out/": ROOT / "build" / "bench"}
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


def open_page(page: Page, side: str) -> None:
    """Open a side of the benchmark; `npm run bench` has built it. In the page, `bench` is what `page.ts` publishes."""
    page.route(f"{ORIGIN}/**", _serve)
    page.goto(f"{ORIGIN}/?side={side}")
    page.wait_for_function("() => globalThis.bench?.ready")


def _serve(route: Route) -> None:
    path = route.request.url.removeprefix(ORIGIN).partition("?")[0]
    file = _INDEX if path == "/" else None
    for prefix, folder in _FOLDERS.items():
        if path.startswith(prefix):
            file = folder / path.removeprefix(prefix)
    if file is None or not file.is_file():
        route.fulfill(status=404)
    else:
        route.fulfill(path=file, content_type=_TYPES[file.suffix])
