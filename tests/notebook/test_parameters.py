"""A notebook that papermill runs with other parameters."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import papermill
import pytest

TOUR = Path(__file__).resolve().parent.parent.parent / "notebooks" / "parameters_tour.ipynb"

SETS: dict[str, dict[str, Any]] = {
    "red": {"prompt": "a red circle on a blue background", "seed": 4},
    "green": {"prompt": "a large green star on a white background", "seed": 4},
}


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("papermill")
    return {
        name: papermill.execute_notebook(
            str(TOUR), str(folder / f"{name}.ipynb"), parameters=given, cwd=str(folder), progress_bar=False
        )
        for name, given in SETS.items()
    }


def shown(notebook: Any, cell: str) -> list[Any]:
    found = next(each for each in notebook.cells if each.id == cell)
    return [output.data for output in found.outputs if output.output_type == "execute_result"]


def test_papermill_runs_one_notebook_with_two_sets_of_parameters(executed: dict[str, Any]) -> None:
    said = {name: ast.literal_eval(shown(each, "cell-06")[0]["text/plain"]) for name, each in executed.items()}
    for name, given in SETS.items():
        assert {key: said[name][key] for key in given} == given
    red, green = said["red"]["mean"], said["green"]["mean"]
    assert red != green
    assert red[2] > red[1] + 0.2, f"a blue background: {red}"
    assert min(green) > 0.4, f"a white background: {green}"
    assert green[1] > green[0], f"something green: {green}"
    pictures = {name: shown(each, "cell-04")[0]["image/png"] for name, each in executed.items()}
    assert pictures["red"] != pictures["green"]


def test_only_what_depends_on_a_parameter_runs_again(executed: dict[str, Any]) -> None:
    for each in executed.values():
        titles = ast.literal_eval(shown(each, "cell-08")[0]["text/plain"])
        assert titles == ["KSampler", "VAE Decode", "To notebook"]
