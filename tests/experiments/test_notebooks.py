"""The notebooks, from a study that is stored on disk."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from stored import write_study

import harness
from harness.study.plan import Plan
from harness.study.spec import make_techniques
from harness.subjects.registry import Registry
from harness.views.executed import execute

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WORDS = ["plan=smoke", "plan.faults=[D3,D6]", "plan.techniques=[random,hebo]", "budget=6"]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    chosen = make_techniques(["random", "hebo"])
    plan = Plan(name="smoke", faults=["D3", "D6"], techniques=chosen, repetitions=3, budget=6)
    root = tmp_path_factory.mktemp("results")
    write_study(plan, registry, root, leave_out=1)
    return root


def test_a_notebook_reads_the_study_that_it_is_told(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY", "\n".join([*WORDS, f"results={results}"]))
    found = harness.load(faults=["D6"]).runset
    assert found.faults == ["D6"] and found.techniques == ["random", "hebo"]
    assert len(found.runs) + len(found.missing) == 6


@pytest.mark.parametrize("path", NOTEBOOKS[:-1], ids=lambda path: path.stem)
def test_notebooks_are_executed(path: Path, results: Path, tmp_path: Path) -> None:
    execute(path, tmp_path / path.name, [*WORDS, f"results={results}"])
    _check_outputs(tmp_path / path.name)


@pytest.mark.slow
def test_the_notebook_of_the_published_study_is_executed(tmp_path: Path) -> None:
    execute(NOTEBOOKS[-1], tmp_path / "out.ipynb", [])
    _check_outputs(tmp_path / "out.ipynb")


def _check_outputs(path: Path) -> None:
    """Every cell that ends in a value shows it as a table or as a figure."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and _shows(cell.source):
            kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
            assert kinds & {"text/html", "image/png"}, cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_compute_nothing(path: Path) -> None:
    """They are stored without outputs; cells import, name and show: no arithmetic, no functions."""
    computes = (ast.BinOp, ast.Compare, ast.FunctionDef, ast.Lambda, ast.If, ast.While)
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        assert not cell.outputs and cell.execution_count is None
        tree = ast.parse(_python(cell.source))
        assert not [node for node in ast.walk(tree) if isinstance(node, computes)], cell.source
        for node in ast.walk(tree):
            assert not isinstance(node, ast.ImportFrom), cell.source
            if isinstance(node, ast.Import):
                assert [alias.name for alias in node.names] == ["harness"], cell.source


def _shows(source: str) -> bool:
    last = ast.parse(_python(source)).body[-1]
    return not isinstance(last, ast.Assign | ast.Import | ast.ImportFrom)


def _python(source: str) -> str:
    return "\n".join(line for line in source.splitlines() if not line.startswith("%"))
