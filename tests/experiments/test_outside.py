"""Adding one of each, as CONTRIBUTING tells it, without touching the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import DOOR
from outside import write_faults

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(300)


def python(code: str, *paths: Path, faults: Path | None = None) -> str:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    if faults:
        env["FAULTS_PATH"] = str(faults)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=env,
        cwd=paths[0],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the library, to be edited as a contributor would."""
    shutil.copytree(ROOT / "harness", tmp_path / "harness")
    shutil.copytree(ROOT / "faults", tmp_path / "faults")
    return tmp_path


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))


def test_a_fault_of_a_known_subject(tmp_path: Path) -> None:
    (tmp_path / "Z1.yaml").write_text(
        "id: Z1\nsubject: line\ntitle: too few epochs\nfaulty: {epochs: 2}\n"
        "origin: {tool: DeepCrime, operator: change_epochs}\nsource: test\n"
    )
    code = "from harness.subjects.registry import load_registry as r; print(r()['Z1'].ground_truth)"
    assert python(code, ROOT, faults=tmp_path) == "{'epochs': (2, 200)}"


def test_a_subject_and_its_fault_train(tmp_path: Path) -> None:
    folder = write_faults(tmp_path / "mine", "Z1")
    code = """
from harness.subjects.registry import folders, load_registry
from harness.training import Request, Trainer, configure
configure("tensorflow")
fault = load_registry()["Z1"]
print(Trainer().train(Request.of(fault, fault.fixed, seed=1, folders=tuple(folders()))).status)
"""
    assert python(code, ROOT, faults=folder) == "completed"


TECHNIQUE = '''
from dataclasses import dataclass
from itertools import count
import numpy as np
from harness.records.clocks import exhausted, remaining
from harness.records.outcome import Trial

@dataclass(frozen=True)
class OneChange:
    """Changes one hyperparameter of the faulty program at a time."""

    def repair(self, task, train, clock, seed):
        rng = np.random.default_rng(seed)
        names = list(task.space.domains)
        for number in count():
            if exhausted(clock):
                return
            name = names[rng.integers(len(names))]
            configuration = {**task.faulty, name: task.space.domains[name].sample(rng)}
            outcome = train(configuration, proposal=number, fidelity=1.0, limit=remaining(clock))
            yield Trial(proposal=number, configuration=configuration, outcome=outcome)
'''


@pytest.mark.slow
def test_a_technique_takes_part_in_a_study(tmp_path: Path) -> None:
    (tmp_path / "my_technique.py").write_text(TECHNIQUE)
    folder = write_faults(tmp_path / "mine", "Z1")
    words = [
        "plan=smoke", "plan.faults=[Z1]", "plan.techniques=[my_technique:OneChange,random]",
        "plan.repetitions=2", "budget=6", "mlflow=false", f"results={tmp_path / 'r'}",
    ]  # fmt: skip
    done = subprocess.run(
        [*DOOR, "run", *words],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
            "FAULTS_PATH": str(folder),
        },
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "my_technique:OneChange" in done.stdout
    assert len(list((tmp_path / "r").rglob("run.json"))) == 4


def test_a_plan_is_a_file_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "my plan = 1.yaml"
    path.write_text("name: mine\nfaults: [D3, D6]\ntechniques: [random]\nrepetitions: 2\n")
    code = f"""
import sys
from harness.cli import main
sys.exit(main(["missing", "plan={path}", "plan.faults=D3"]))
"""
    assert python(code, tmp_path, ROOT).splitlines()[-1] == "2 missing"


def test_a_repair_operator_is_one_row(copy: Path) -> None:
    row = """    Operator(
        "dropout",
        "change a dropout rate",
        r"dropout_\\\\d+",
        icst23=_of((0.0, 0.25, 0.5)),
        corrected=_of((0.0, 0.25, 0.5)),
        note="test",
    ),
)


@cache
def operator_of("""
    edit(
        copy / "harness" / "space" / "operators.py",
        ")\n\n\n@cache\ndef operator_of(",
        row.replace("\\\\", "\\"),
    )
    code = """
from harness.subjects.registry import load_registry
from harness.space.derivation import derive
f = load_registry()["G1"]
s = derive(f.faulty, f.subject.context)
print(s.domains["dropout_1"].values, "dropout_1" in s.frozen, len(f.hyperparameters))
"""
    assert python(code, copy) == "(0.0, 0.25, 0.5) False 21"


def test_a_metric_of_a_program_is_a_function_and_a_row(copy: Path) -> None:
    edit(
        copy / "harness" / "training" / "judge.py",
        '_FUNCTIONS = {"accuracy": accuracy, "mae": mae, "angle": angle}',
        "def worst_error(y, predicted):\n"
        "    return float(np.max(np.abs(y - predicted)))\n\n\n"
        '_FUNCTIONS = {"accuracy": accuracy, "mae": mae, "angle": angle, '
        '"worst_error": worst_error}',
    )
    edit(
        copy / "harness" / "vocabulary.py",
        '        Metric("mae",',
        '        Metric("worst_error", False, None, 0.0, 3, "largest absolute error"),\n'
        '        Metric("mae",',
    )
    edit(copy / "faults" / "subjects" / "line.py", 'metric="mae"', 'metric="worst_error"')
    code = """
import numpy as np
from harness.subjects.registry import load_registry
from harness.training.judge import measure
print(load_registry()["D7"].subject.measure.better(1, 2))
print(measure("worst_error", np.array([[1.0], [2.0]]), np.array([[1.0], [5.0]])))
"""
    assert python(code, copy).split() == ["True", "3.0"]


def test_a_figure_of_the_tables_is_a_function_a_line_and_a_column(copy: Path) -> None:
    edit(
        copy / "harness" / "analysis" / "schemas.py",
        "        status              | str   |         | ok,",
        "        best                | float | metric  | best run\n"
        "        status              | str   |         | ok,",
    )
    edit(
        copy / "harness" / "analysis" / "scores.py",
        '    row["status"] = _status(row, cell, protocol)\n',
        '    row["best"] = max(r.value for r in results if r.value is not None)\n'
        '    row["status"] = _status(row, cell, protocol)\n',
    )
    code = """
from harness.analysis.protocols import CORRECTED
from harness.analysis.scores import scores
from harness.records.baseline import Baseline
from harness.records.outcome import Outcome, Trial
from harness.records.run import Run
from harness.vocabulary import TrialStatus
b = Baseline(fault="F", metric="accuracy", faulty_holdout=[.1]*9, fixed_holdout=[.9]*9,
             faulty_search=[.1]*9, fixed_search=[.9]*9, training_time=1.0)
def run(n, value):
    outcome = Outcome(status=TrialStatus.COMPLETED, seconds=1.0, search=value, holdout=value)
    row = Trial(proposal=0, configuration={"epochs": 2}, outcome=outcome, spent=1.0)
    return Run(fault="F", technique="t", budget=20.0, clock="training", space="corrected",
               data="default", fraction=1.0, repetition=n, metric="accuracy",
               faulty={"epochs": 1}, fixed={"epochs": 3}, trials=[row], status="ok",
               training_seconds=1.0, search_seconds=0.0, total_seconds=1.0)
frame = scores([run(1, .5), run(2, .75)], {("F", "default", 1.0): b}, CORRECTED)
print(frame["best"][0])
"""
    assert python(code, copy) == "0.75"
