"""What a wheel carries. The editor must work straight from `pip install`, without Node and without a CDN."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools import frontend

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Build a wheel of this checkout, as `pip install .` does."""
    try:
        frontend.build()
    except frontend.FrontendError as error:
        pytest.skip(f"the front end cannot be built here: {error}")
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-build-isolation",
        "--no-deps",
        "-w",
        str(folder),
        ".",
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    with zipfile.ZipFile(next(folder.glob("nodebook-*.whl"))) as opened:
        yield opened


@pytest.mark.slow
def test_a_wheel_carries_the_front_end(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    for name in ("index.js", "index.css"):
        assert f"nodebook/widget/static/{name}" in names
        assert wheel.read(f"nodebook/widget/static/{name}") == (frontend.STATIC / name).read_bytes()


@pytest.mark.slow
def test_a_wheel_carries_neither_sources_of_the_front_end_nor_tests(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"nodebook"}
    assert [name for name in names if name.startswith("nodebook/js/") or "node_modules" in name] == []


@pytest.mark.slow
def test_the_bundle_loads_nothing_from_elsewhere(wheel: zipfile.ZipFile) -> None:
    bundle = wheel.read("nodebook/widget/static/index.js").decode()
    for address in ("cdn.jsdelivr.net", "unpkg.com", "esm.sh", "fonts.googleapis.com"):
        assert address not in bundle


def test_a_change_of_a_source_makes_the_bundle_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources, static = tmp_path / "js", tmp_path / "static"
    for path, text in ((sources / "package.json", "{}"), (sources / "src/index.ts", "1"), (static / "index.js", "1")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(frontend, "SOURCES", sources)
    monkeypatch.setattr(frontend, "BUNDLE", (static / "index.js",))
    monkeypatch.setattr(frontend, "STAMP", static / "bundle.sha256")

    assert not frontend.is_fresh()
    frontend.STAMP.write_text(frontend.source_hash())
    assert frontend.is_fresh()
    (sources / "src/index.test.ts").write_text("tests are not part of the bundle")
    assert frontend.is_fresh()
    (sources / "src/index.ts").write_text("2")
    assert not frontend.is_fresh()
