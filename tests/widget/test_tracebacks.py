"""Cells in tracebacks, with the real compiler of IPython."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from IPython.core.interactiveshell import InteractiveShell

from nodebook.widget.tracebacks import name_cells

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell.instance()
    yield shell
    InteractiveShell.clear_instance()


def test_lines_of_cells_have_the_number_of_the_cell(shell: InteractiveShell) -> None:
    name = shell.compile.cache("def f():\n    raise ValueError\n", 4)
    text = f'Traceback:\n  File "{name}", line 2, in f\n    raise ValueError\n  File "/lib/x.py", line 9, in g\nNo'
    named = 'Traceback:\n  Cell In[4], line 2, in f\n    raise ValueError\n  File "/lib/x.py", line 9, in g\nNo'
    assert name_cells(text) == named
    assert name_cells("") == ""


def test_outside_of_ipython_a_traceback_stays() -> None:
    text = '  File "/lib/x.py", line 9, in g'
    assert name_cells(text) == text
