"""Executed notebooks: with their outputs, and one message where a cell fails."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from harness.views.executed import execute
from harness.vocabulary import HarnessError

pytestmark = pytest.mark.timeout(300)


def notebook(path: Path, *cells: str) -> Path:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    nbformat.write(made, path)
    return path


def test_a_notebook_is_kept_with_what_it_shows_and_without_times(tmp_path: Path) -> None:
    source = notebook(tmp_path / "a.ipynb", "import os", "os.environ['STUDY']")
    execute(source, tmp_path / "out" / "a.ipynb", ["plan=smoke", "budget=3"])
    cells = nbformat.read(tmp_path / "out" / "a.ipynb", as_version=4).cells
    assert [cell.execution_count for cell in cells] == [1, 2]
    (output,) = cells[1].outputs
    assert output["data"]["text/plain"] == repr("plan=smoke\nbudget=3")
    assert not any("execution" in cell.metadata for cell in cells)


def test_a_cell_that_fails_is_one_message(tmp_path: Path) -> None:
    source = notebook(tmp_path / "a.ipynb", "1 / 0")
    with pytest.raises(HarnessError, match="a.ipynb cannot be executed: ZeroDivisionError"):
        execute(source, tmp_path / "b.ipynb", [])
    assert not (tmp_path / "b.ipynb").exists()
