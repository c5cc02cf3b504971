"""Adding one of each, by the recipes of CONTRIBUTING alone.

What can stay outside the project does (fault, subject, technique, plan, table, figure); a row or a
module of the library is added to a copy of it, as a contributor would.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from outside import write_faults

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.timeout(300)


def python(code: str, *paths: Path, faults: Path | None = None) -> str:
    """What a fresh process prints."""
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
    assert text.count(before) == 1, before
    path.write_text(text.replace(before, after))


def test_a_fault_of_a_known_subject(tmp_path: Path) -> None:
    (tmp_path / "Z1.yaml").write_text(
        "id: Z1\nsubject: line\ntitle: too few epochs\nfaulty: {epochs: 2}\n"
        "origin: {tool: DeepCrime, operator: change_epochs}\nsource: test\n"
    )
    code = "from harness.subjects.registry import load_registry as r; print(r()['Z1'].ground_truth)"
    assert python(code, ROOT, faults=tmp_path) == "{'epochs': (2, 200)}"


def test_a_fault_of_one_s_own_is_none_of_the_study_s_thirty(tmp_path: Path) -> None:
    (tmp_path / "D9x.yaml").write_text(
        "id: D9x\nsubject: line\ntitle: too few epochs\nfaulty: {epochs: 2}\n"
        "origin: {post: mine}\nsource: test\n"
    )
    code = """
from harness.subjects.coverage import FAULT_KINDS, faults_of
from harness.subjects.registry import load_registry
found = {f for kind in FAULT_KINDS for f in faults_of(kind, load_registry())}
print("D9x" in load_registry(), "D9x" in found, "D9" in found)
"""
    assert python(code, ROOT, faults=tmp_path) == "True False True"


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


OPERATOR = """    Operator(
        "dropout",
        "change a dropout rate",
        r"dropout_\\d+",
        icst23=_of((0.0, 0.25, 0.5)),
        corrected=lambda name, faulty, context: Real(0.0, 0.8),
        note="test",
    ),
)


@cache
def operator_of("""


def test_a_repair_operator_is_one_row(copy: Path) -> None:
    """Spaces, priors, suspicion, the localiser and guided repair's steps follow from the row."""
    path = copy / "harness" / "space" / "operators.py"
    edit(path, ")\n\n\n@cache\ndef operator_of(", OPERATOR)
    code = """
import numpy as np
from harness.space.derivation import derive
from harness.space.usual import Usual
from harness.subjects.registry import load_registry
from harness.techniques.guided.neighbourhood import Neighbourhood
from harness.techniques.guided.suspicion import Evidence, suspects
from harness.theia.suspects import governs
fault = load_registry()["G1"]
faulty, subject = {**fault.faulty, "dropout_1": 0.3}, fault.subject
for variant in ("corrected", "icst23"):
    space = derive(fault.faulty, subject.context, variant)
    print(type(space.domains["dropout_1"]).__name__, "dropout_1" in space.frozen)
space = derive(faulty, subject.context)
usual = Usual(space, subject.context.labels, faulty)
print(usual.suspicion("dropout_1", faulty), usual.shares("dropout_1", faulty))
evidence = Evidence(faulty, usual)
print([s.operator for s in suspects(evidence) if s.name == "dropout_1"])
hood = Neighbourhood(evidence, np.random.default_rng(0), 0.3, 0.25)
hood.enter(faulty)
names = set()
while step := hood.next(faulty, 9.0):
    hood.enter(step.apply(faulty))
    names |= {edit.name for edit in step.edits}
print("dropout_1" in names)
data = subject.data(fault.data_seed, "default", 0.1, faulty)
print(bool(governs(subject, faulty, data)["dropout_1"]))
"""
    assert python(code, copy).splitlines() == [
        "Real False",
        "Choice False",
        "1.0 {0.075: 0.25, 0.15: 0.25, 0.6: 0.25, 0.8: 0.25}",
        "['dropout']",
        "True",
        "True",
    ]


def test_a_metric_of_a_program_is_a_function_and_a_row(copy: Path) -> None:
    edit(
        copy / "harness" / "training" / "judge.py",
        '_FUNCTIONS = {"accuracy": accuracy, "mae": mae, "angle": mean_angle}',
        "def worst_error(y, predicted):\n"
        "    return float(np.max(np.abs(y - predicted)))\n\n\n"
        '_FUNCTIONS = {"accuracy": accuracy, "mae": mae, "angle": mean_angle, '
        '"worst_error": worst_error}',
    )
    edit(
        copy / "harness" / "vocabulary.py",
        '        Metric("mae",',
        '        Metric("worst_error", False, None, 0.5, 3, "largest absolute error"),\n'
        '        Metric("mae",',
    )
    edit(copy / "faults" / "subjects" / "line.py", 'metric="mae"', 'metric="worst_error"')
    code = """
import numpy as np
from harness.subjects.registry import load_registry
from harness.training.judge import measure
metric = load_registry()["D7"].subject.measure
print(metric.better(1, 2), metric.error(2.0))
print(measure("worst_error", np.array([[1.0], [2.0]]), np.array([[1.0], [5.0]])))
"""
    assert python(code, copy).split() == ["True", "1.5", "3.0"]


CLOCK = '''
@dataclass
class StepClock:
    """Charges training steps."""

    unit: ClassVar[str] = "steps"

    budget: float
    spent: float = 0.0

    def charge(self, outcome: Outcome) -> float:
        self.spent += outcome.steps
        return float(outcome.steps)

    def replay(self, spent: float, *, last: bool) -> None:
        self.spent = spent


@dataclass(frozen=True, slots=True)
class ClockRow:'''


def test_a_clock_is_a_class_and_a_row(copy: Path) -> None:
    path = copy / "harness" / "records" / "clocks.py"
    edit(path, "\n@dataclass(frozen=True, slots=True)\nclass ClockRow:", CLOCK)
    edit(
        path,
        '        ClockRow("work",',
        '        ClockRow("steps", "training steps", StepClock, "steps", lambda t, work: 50.0),\n'
        '        ClockRow("work",',
    )
    code = """
from harness.records.clocks import CLOCKS, exhausted, make_clock
from harness.records.outcome import Outcome
from harness.study.plan import Plan
from harness.techniques.random import Random
from harness.vocabulary import TrialStatus
row = CLOCKS["steps"]
more = {"repetitions": 1, "budget": 2, "clock": "steps"}
Plan(name="p", faults=["D7"], techniques={"random": Random()}, **more)
clock = make_clock("steps", 2, row.one(0.1, 7.0))
clock.charge(Outcome(status=TrialStatus.DIVERGED, seconds=1.0, steps=100))
print(row.timed, clock.budget, clock.spent, exhausted(clock))
"""
    assert python(code, copy) == "False 100.0 100.0 True"


def test_a_data_set_is_a_row(copy: Path, tmp_path: Path) -> None:
    edit(
        copy / "harness" / "data" / "sets.py",
        '    "mnist": DataSet(',
        '    "two": DataSet("Two numbers", ("two.npz",), advice="Ask us."),\n    "mnist": DataSet(',
    )
    folder = tmp_path / "sets"
    folder.mkdir()
    code = f"""
import os
os.environ["HARNESS_DATA"] = {str(folder)!r}
import numpy as np
from harness.data import DATA_SETS
from harness.data.sets import find
from harness.vocabulary import HarnessError
try:
    find("two")
except HarnessError as error:
    print("Ask us" in str(error))
np.savez({str(folder / "two.npz")!r}, x=np.arange(2))
print(find("two").name, DATA_SETS["two"].title)
"""
    assert python(code, copy).splitlines() == ["True", "two.npz Two numbers"]


RULE = '''"""Tenth layer of a program.

Rationale: ten layers are enough for a test.
Detection: the program has ten layers or more.
Suggests: remove the tenth.
Source: test.
"""

from harness.theia.findings import Finding, RemoveLayer, Severity


def check(program, limits):
    for layer in program.layers:
        if layer.index == 10:
            yield Finding(
                rule="TEN", severity=Severity.ADVICE, problem="redundant", subject="layer",
                layer=10, name=layer.name, observed="a tenth layer", expected="nine at most",
                suggestion="remove this layer", edits=(RemoveLayer(10),),
            )
'''


def test_a_theia_rule_is_a_module_and_a_line(copy: Path) -> None:
    rules = copy / "harness" / "theia" / "rules"
    (rules / "ten.py").write_text(RULE)
    edit(rules / "__init__.py", "lob, mnl, mrd\n", "lob, mnl, mrd, ten\n")
    edit(rules / "__init__.py", "llm, lob, ibs)", "llm, lob, ibs, ten)")
    code = f"""
import sys
sys.path.append({str(ROOT / "tests" / "support")!r})
from cases import program
from harness.theia.rules import RULES, judge, rationale
found = judge(program(["dense 8 relu"] * 10 + ["dense 2 softmax"]))
print([f.layer for f in found if f.rule == "TEN"], rationale("TEN"))
"""
    assert python(code, copy) == "[10] ten layers are enough for a test."
