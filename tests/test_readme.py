"""What README.md shows runs, and what it names is there."""

import re
import shutil
from pathlib import Path

import pytest

from nodebook.sessions import Session, use_session

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "notebooks" / "input", tmp_path / "input")
    monkeypatch.chdir(tmp_path)
    block = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert block is not None
    own = Session(folder=tmp_path)
    restore = use_session(own)
    try:
        names: dict[str, object] = {"__name__": "__main__"}
        exec(compile(block[1], "README.md", "exec"), names)  # noqa: S102 -- the project's own README
        run = names["g"].run()  # type: ignore[attr-defined]  # a graph
        assert run.outcome == "done"
    finally:
        own.close()
        restore()
    assert len(list((tmp_path / "output").glob("*.png"))) == 2


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_what_it_links_to_exists(target: str) -> None:
    assert (ROOT / target).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([a-z]+)", README))))
def test_the_make_targets_that_it_names_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
