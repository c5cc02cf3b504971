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
from commands import DOOR
from outside import write_faults

ROOT = Path(__file__).resolve().parents[1]
SUPPORT = ROOT / "tests" / "support"

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


ONE_CHANGE = """
from dataclasses import dataclass
from itertools import count
from typing import ClassVar

import numpy as np
from harness.records.clocks import exhausted, remaining
from harness.records.outcome import Trial
from harness.techniques.contract import Finish, Optimiser, Proposal


def changed_once(task, rng, tries):
    names = list(task.space.domains)
    configuration = dict(task.faulty)
    for _ in range(tries):
        name = names[rng.integers(len(names))]
        configuration[name] = task.space.domains[name].sample(rng)
    return configuration
"""

REPAIR = (
    ONE_CHANGE
    + '''

@dataclass(frozen=True)
class OneChange:
    """Changes one hyperparameter of the faulty program at a time."""

    edits: int = 1

    def repair(self, task, train, clock, seed):
        rng = np.random.default_rng(seed)
        for number in count():
            if exhausted(clock):
                return
            configuration = changed_once(task, rng, self.edits)
            outcome = train(configuration, proposal=number, fidelity=1.0, limit=remaining(clock))
            yield Trial(proposal=number, configuration=configuration, outcome=outcome)
'''
)

OPTIMISER = (
    ONE_CHANGE
    + '''

@dataclass(frozen=True)
class OneChange:
    """The same, asked and told."""

    edits: int = 1

    def optimiser(self, task, clock, seed):
        return Changes(task, seed, self.edits)


class Changes(Optimiser):
    def __init__(self, task, seed, edits):
        self.task, self.edits, self.asked = task, edits, 0
        self.rng = np.random.default_rng(seed)

    def ask(self):
        self.asked += 1
        configuration = changed_once(self.task, self.rng, self.edits)
        return Proposal(proposal=self.asked - 1, configuration=configuration)

    def tell(self, proposal, outcome):
        pass

    def health(self):
        return {"asked": self.asked}
'''
)

CELLS = """
import sys
from harness.study.spec import StudySpec
from harness.subjects.registry import load_registry
plan = StudySpec.compose(["plan.faults=[D7]", f"plan.techniques=[{sys.argv[1]}:OneChange]"]).plan
print(*plan.techniques, *{cell.identity for cell in plan.cells(load_registry())[:1]})
"""


def one_change(folder: Path, text: str, module: str) -> list[str]:
    """Name of the technique ``OneChange`` of a module outside, and the identity of a run."""
    folder.mkdir()
    (folder / f"{module}.py").write_text(text)
    return python(CELLS.replace("sys.argv[1]", repr(module)), folder, ROOT).split()


@pytest.mark.parametrize("text", [REPAIR, OPTIMISER])
def test_a_technique_is_its_name_its_version_and_its_settings(text: str, tmp_path: Path) -> None:
    name, first = one_change(tmp_path / "a", text, "my_technique")
    assert name == "one_change"
    assert one_change(tmp_path / "b", text, "moved") == [name, first]
    field = "    edits: int = 1\n"
    raised = text.replace(field, f"    version: ClassVar[int] = 2\n{field}")
    other = text.replace(field, "    edits: int = 2\n")
    renamed = text.replace(field, f'    name: ClassVar[str] = "x"\n{field}')
    found = [
        one_change(tmp_path / str(number), changed, "my_technique")
        for number, changed in enumerate((raised, other, renamed))
    ]
    assert [technique for technique, _ in found] == [name, name, "x"]
    assert len({first, *(identity for _, identity in found)}) == 4


@pytest.mark.slow
@pytest.mark.parametrize("text", [REPAIR, OPTIMISER])
def test_a_technique_takes_part_in_a_study(text: str, tmp_path: Path) -> None:
    (tmp_path / "my_technique.py").write_text(text)
    folder = write_faults(tmp_path / "mine", "Z1")
    settings = [
        "plan=smoke", "plan.faults=[Z1]", "plan.techniques=[my_technique:OneChange,random]",
        "plan.repetitions=1", "budget=4", "confirmations=0", "mlflow=false",
        f"results={tmp_path / 'r'}",
    ]  # fmt: skip
    done = subprocess.run(
        [*DOOR, "run", *settings],
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
    assert "one_change" in done.stdout
    assert len(list((tmp_path / "r").rglob("run.json"))) == 2


def test_a_plan_is_a_file_anywhere(tmp_path: Path) -> None:
    """It says which runs there are; the tables of all of them are saved under its own name."""
    path = tmp_path / "my plans" / "mine = 1.yaml"
    path.parent.mkdir()
    path.write_text(
        "name: mine\nfaults: [D3, Z1]\nrepetitions: 2\nseeds: 3\nfraction: 0.5\n"
        "techniques: [random, my_technique:OneChange]\n"
    )
    (tmp_path / "my_technique.py").write_text(REPAIR)
    faults = write_faults(tmp_path / "faults", "Z1")
    code = f"""
from harness.study.spec import StudySpec
from harness.subjects.registry import load_registry
spec = StudySpec.compose([{f"plan={path}"!r}, "budget=7"])
plan = spec.plan
print(plan.name, *plan.faults, *plan.techniques, plan.seeds, plan.fraction)
print(len(plan.cells(load_registry())), spec.label == "mine-b7-s1")
narrowed = StudySpec.compose([{f"plan={path}"!r}, "budget=7", "plan.faults=D3"])
print(narrowed.label.startswith("mine-b7-s1-"), *narrowed.plan.faults)
"""
    assert python(code, tmp_path, ROOT, faults=faults).splitlines() == [
        "mine D3 Z1 random one_change 3 0.5",
        "8 True",
        "True D3",
    ]


def recipe(heading: str) -> str:
    """The code of CONTRIBUTING's section of that name."""
    section = (ROOT / "CONTRIBUTING.md").read_text().split(f"## {heading}")[1].split("\n## ")[0]
    return section.split("```python\n")[1].split("```")[0]


def test_a_column_a_table_and_a_figure_are_a_function_each(tmp_path: Path) -> None:
    """The recipe as it is printed, in a module outside; the report shows all three."""
    (tmp_path / "mine.py").write_text(recipe("Add a column of the scores, a table or a figure"))
    code = f"""
import mine
from pathlib import Path
import pandas as pd
from studies import reaching
from harness.views.report import Provenance, study_report, write_report
study = reaching({{("M1", "random"): [0.3, 0.7, 0.5], ("M2", "random"): [0.2, 0.25, 0.3]}})
made = study_report("mine", study, Provenance(), comparisons=2, winners={{}})
folder = Path({str(tmp_path / "report")!r})
page = write_report(made, folder).read_text()
scores = pd.read_csv(folder / "scores.csv")
print(scores.columns[-1], scores["best"].tolist())
print(pd.read_csv(folder / "sizes.csv").to_dict("list"))
print(sorted(file.name for file in (folder / "figures").glob("runs_by_fault.*")))
print("Further tables and figures" in page, "runs of all techniques" in page)
"""
    assert python(code, tmp_path, ROOT, SUPPORT).splitlines() == [
        "best [0.7, 0.3]",
        "{'fault': ['M1', 'M2'], 'runs': [3, 3]}",
        "['runs_by_fault.pdf', 'runs_by_fault.png']",
        "True True",
    ]


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
        "        ClockRow(\n            REFERENCE,",
        '        ClockRow("steps", "training steps", StepClock, "steps", lambda cost: 50.0),\n'
        "        ClockRow(\n            REFERENCE,",
    )
    code = """
from harness.records.clocks import CLOCKS, Cost, exhausted, make_clock
from harness.records.outcome import Outcome
from harness.study.plan import Plan
from harness.techniques.random import Random
from harness.vocabulary import TrialStatus
row = CLOCKS["steps"]
more = {"repetitions": 1, "budget": 2, "clock": "steps"}
Plan(name="p", faults=["D7"], techniques={"random": Random()}, **more)
cost = Cost(training_time=0.1, work=7.0, reference_time=0.2)
clock = make_clock("steps", 2, row.one(cost))
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
sys.path.append({str(SUPPORT)!r})
from cases import program
from harness.theia.rules import RULES, judge, rationale
found = judge(program(["dense 8 relu"] * 10 + ["dense 2 softmax"]))
print([f.layer for f in found if f.rule == "TEN"], rationale("TEN"))
"""
    assert python(code, copy) == "[10] ten layers are enough for a test."
