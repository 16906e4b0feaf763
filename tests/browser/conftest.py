from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.lab import Lab
from tests.browser.server import LabServer
from tools.browser import ADVICE, ARGUMENTS, find_browser

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import BrowserContext, ViewportSize

HERE = Path(__file__).parent
SCREENSHOTS = HERE.parent.parent / "build" / "screenshots"
WINDOW: ViewportSize = {"width": 1440, "height": 1000}

_failed = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, and run it last.

    Quick tests fail first; and Playwright's synchronous interface leaves an event loop running in the main thread, in
    which no later test could call `asyncio.run`.
    """
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: HERE in item.path.parents)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    return report


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Path of a Chromium. Without one a person's run skips, and CI fails."""
    path = find_browser()
    if path is None and os.environ.get("CI"):
        pytest.fail(ADVICE)
    if path is None:
        pytest.skip(ADVICE)
    return path


@pytest.fixture(scope="session")
def lab_server(browser_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:  # noqa: ARG001 -- no browser, no server
    """One JupyterLab for all browser tests, with folders of its own."""
    with LabServer(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture(scope="session")
def browser_context(browser_path: str) -> Iterator[BrowserContext]:
    """One Chromium window for all browser tests: JupyterLab's files are fetched once."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        context = browser.new_context(viewport=WINDOW, reduced_motion="reduce")
        context.set_default_timeout(15_000)
        yield context
        context.close()
        browser.close()


@pytest.fixture
def lab(lab_server: LabServer, browser_context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A fresh page. `lab.open([...cells...])` opens a notebook; errors of the page fail the test."""
    lab = Lab(lab_server, browser_context.new_page(), _name_of(request), SCREENSHOTS)
    try:
        yield lab
        _judge(lab, request)
    finally:
        lab.close()


@pytest.fixture(scope="module")
def shared_page(
    lab_server: LabServer, browser_context: BrowserContext, request: pytest.FixtureRequest
) -> Iterator[Lab]:
    """One notebook of two cells for the tests of a file that need no fresh kernel: opening one takes seconds."""
    lab = Lab(lab_server, browser_context.new_page(), _name_of(request), SCREENSHOTS)
    try:
        lab.open(["", "g"])
        yield lab
    finally:
        lab.close()


@pytest.fixture
def scratch(shared_page: Lab, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The page of the test's file: `editor.show_graph(scratch, code)` runs code that makes `g`, and shows it."""
    yield shared_page
    _judge(shared_page, request)
    shared_page.errors.clear()


def _name_of(request: pytest.FixtureRequest) -> str:
    return re.sub(r"\W+", "-", request.node.name).strip("-")


def _judge(lab: Lab, request: pytest.FixtureRequest) -> None:
    """Photograph the page of a test that failed; of one that passed, look for errors."""
    if request.node.stash.get(_failed, True):
        lab.screenshot(f"failed-{_name_of(request)}")
    else:
        lab.expect_no_errors()
