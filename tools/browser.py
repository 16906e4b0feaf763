"""Find the Chromium that the browser tests drive; get one where it can be had.

    python -m tools.browser            print which one would be used
    python -m tools.browser ensure     download Playwright's own where there is none

`$NODEBOOK_CHROMIUM` wins, then a system Chromium or Chrome, then Playwright's own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC_APPS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)

ADVICE = (
    "No Chromium: the browser tests cannot run. Install one (`apt-get install chromium`, Google Chrome, or "
    "`python -m playwright install chromium`), or name one in $NODEBOOK_CHROMIUM."
)

ARGUMENTS = [
    "--no-sandbox",  # containers and root have none; only pages of our own server are opened
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_browser() -> str | None:
    """Return the path of a Chromium, or None."""
    named = os.environ.get("NODEBOOK_CHROMIUM")
    if named:
        return named if Path(named).is_file() else shutil.which(named)
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    for path in _MAC_APPS:
        if Path(path).is_file():
            return path
    return _find_playwright_browser()


def _find_playwright_browser() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def ensure_browser() -> str | None:
    """Return the path of a Chromium after trying to download one where there is none."""
    if path := find_browser():
        return path
    print("No Chromium on this machine: trying Playwright's own.", flush=True)
    try:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], timeout=600, check=False)
    except subprocess.TimeoutExpired:
        return None
    return find_browser()


if __name__ == "__main__":
    found = ensure_browser() if sys.argv[1:] == ["ensure"] else find_browser()
    print(f"browser: {found}" if found else ADVICE)
