"""The report and the notebooks, from a study that is stored on disk."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from commands import command
from common import study, techniques
from stored import write_study

from harness.study.plan import Plan
from harness.subjects.registry import Registry
from harness.techniques.contract import Technique
from notebooks import execute

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WORDS = ["plan=smoke", "plan.faults=[D3,D6]", "plan.techniques=[random,hebo]", "budget=6"]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    chosen: dict[str, Technique] = techniques(["random", "hebo"])
    plan = Plan(name="smoke", faults=["D3", "D6"], techniques=chosen, repetitions=3, budget=6)
    root = tmp_path_factory.mktemp("results")
    write_study(plan, registry, root, leave_out=1)
    return root


def test_the_report_of_a_stored_study(results: Path) -> None:
    done = command("report", *WORDS, f"results={results}")
    assert done.returncode == 0, done.stderr
    (page,) = results.glob("reports/smoke-b6-s1-*/report.html")
    assert str(page) in done.stdout
    text = page.read_text()
    for words in ("11 runs of random, hebo", "1 of 12 planned runs are missing", "3.0 (11)"):
        assert words in " ".join(text.split())


def test_a_report_on_the_beginnings_of_longer_runs_says_so(results: Path) -> None:
    done = command("report", *WORDS[:-1], "budget=3", f"results={results}")
    assert done.returncode == 0, done.stderr
    (page,) = results.glob("reports/smoke-b3-s1-*/report.html")
    told = "Read off the beginnings of longer runs: 11 of 11 with budget 6. This saves 3 T a run."
    assert told in " ".join(page.read_text().split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["source=icst32"], "no source of runs 'icst32'. Did you mean icst23"),
        (["source=icst23", "budget=30"], "no runs of budget 30. Found: 10, 20, 50"),
        ([], "nothing of plan 'laptop' with budget 20"),
        (["bugdet=20"], "no setting 'bugdet'. Did you mean budget"),
    ],
)
def test_bad_input_gets_one_message(words: list[str], message: str, tmp_path: Path) -> None:
    done = command("report", *words, f"results={tmp_path}")
    assert done.returncode == 2, done.stdout
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_notebook_reads_the_study_that_it_is_told(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDY", "\n".join([*WORDS, f"results={results}"]))
    found = study("plan.faults=[D6]")
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
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").startswith(
                    ("harness.analysis", "harness.subjects.registry", "experiments.common")
                )


def _shows(source: str) -> bool:
    last = ast.parse(_python(source)).body[-1]
    return not isinstance(last, ast.Assign | ast.Import | ast.ImportFrom)


def _python(source: str) -> str:
    return "\n".join(line for line in source.splitlines() if not line.startswith("%"))
