"""What a study reads is data: nothing of it is unpickled, evaluated or a way to other folders."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT, command, environment
from stored import write_study
from tiny import plan

from harness.subjects.registry import load_registry
from harness.techniques.random import Random
from harness.vocabulary import HarnessError

FILES = sorted(
    p for name in ("harness", "experiments", "faults") for p in (ROOT / name).rglob("*.py")
)

UNPICKLERS = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}

EVALUATORS = {"eval", "exec", "compile", "__import__"}

OWN_MODEL = ("harness/techniques/autotrainer/files.py", "torch.load")
"""Loads a model that an engineer names and vouches for (TRUST=1). No study comes there."""

YAML = {"load", "load_all", "full_load", "unsafe_load"}


def _suspicious(node: ast.AST) -> str | None:
    """What a piece of code does that no file a study reads must reach."""
    if isinstance(node, ast.Import):
        return next((a.name for a in node.names if a.name.split(".")[0] in UNPICKLERS), None)
    if isinstance(node, ast.ImportFrom):
        return node.module if (node.module or "").split(".")[0] in UNPICKLERS else None
    if not isinstance(node, ast.Call):
        return None
    named = {word.arg: ast.unparse(word.value) for word in node.keywords}
    if isinstance(node.func, ast.Name):
        return node.func.id if node.func.id in EVALUATORS else None
    if not isinstance(node.func, ast.Attribute):
        return None
    owner, name = ast.unparse(node.func.value), node.func.attr
    unsafe = {
        "yaml": name in YAML,
        "np": name == "load" and named.get("allow_pickle") != "False",
        "torch": name == "load" and named.get("weights_only") != "True",
        "pd": name == "read_pickle",
    }
    return f"{owner}.{name}" if unsafe.get(owner) else None


def test_no_module_unpickles_or_evaluates() -> None:
    found = [
        (str(path.relative_to(ROOT)), what)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (what := _suspicious(node))
    ]
    assert len(FILES) > 100
    assert found == [OWN_MODEL]


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "eval(text)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "torch.load(path)",
        "yaml.load(text, Loader)",
        "pd.read_pickle(path)",
    ],
)
def test_what_would_unpickle_or_evaluate_is_seen(code: str) -> None:
    assert any(_suspicious(node) for node in ast.walk(ast.parse(code)))


WATCHED = """
import sys
from harness.cli import main
found = []
sys.addaudithook(lambda event, words: event == "pickle.find_class" and found.append(words))
assert main() == 0
assert not found, found
"""


def test_the_tables_of_a_study_unpickle_nothing(tmp_path: Path, with_own_faults: Path) -> None:
    study = plan(name="smoke", techniques={"random": Random()}, repetitions=2)
    write_study(study, load_registry(), tmp_path)
    words = ["plan=smoke", "plan.faults=[X1]", "plan.techniques=[random]", "plan.repetitions=2"]
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, "tables", *words, "budget=3", f"results={tmp_path}"],
        env=environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "X1" in done.stdout


@pytest.mark.parametrize(
    "content",
    [
        "id: X9\nfaulty: !!python/object/apply:os.system ['touch {mark}']\n",
        "id: X9\nsubject: !!python/name:os.system\n",
    ],
)
def test_yaml_makes_no_objects(content: str, tmp_path: Path, own_faults: Path) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "X9.yaml").write_text(content.replace("{mark}", str(mark)))
    with pytest.raises(HarnessError, match="X9.yaml:2: not readable as YAML: could not determine"):
        load_registry([own_faults, tmp_path])
    assert not mark.exists()


@pytest.mark.parametrize("name", ["../../smoke", "/tmp/smoke", "a/b", ".hidden", "", "a\nb"])
def test_a_plan_s_name_leaves_no_folder(name: str) -> None:
    with pytest.raises(HarnessError, match="plan name '.*' is not possible"):
        plan(name=name)


def test_a_plan_s_name_on_the_command_line_leaves_no_folder(tmp_path: Path) -> None:
    words = ["plan=smoke", f"results={tmp_path / 'results'}"]
    for name in ("../../evil", "evil"):
        done = command("tables", *words, f"plan.name={name}")
        assert done.returncode == 2, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", ["0", "1", "3", "null"])
@pytest.mark.parametrize("file", ["trials.jsonl", "run.json", "baseline"])
def test_results_of_other_versions_are_refused_by_name(
    file: str, version: str, tmp_path: Path, with_own_faults: Path
) -> None:
    from harness.analysis.protocols import CORRECTED
    from harness.study.reading import read_study

    study = plan(techniques={"random": Random()}, repetitions=1)
    store = write_study(study, load_registry(), tmp_path)
    pattern = "baselines/*.json" if file == "baseline" else f"runs/**/{file}"
    (path,) = tmp_path.glob(pattern)
    path.write_text(path.read_text().replace('"version": 2', f'"version": {version}', 1))
    with pytest.raises(HarnessError, match="was written by results version .*this harness reads"):
        read_study(study, load_registry(), store, CORRECTED)
