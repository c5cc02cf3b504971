"""The Makefile hands every value to the program as it stands, and refuses names it does not know.

A stand-in for the program writes its arguments down; no environment is made.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RECORDER = """#!{python}
import json, os, sys
with open({log!r}, "a") as file:
    file.write(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]]) + "\\n")
"""
PROGRAMS = ("dnn-repair", "python", "mlflow", "pytest", "ruff", "mypy")

USUAL = ["plan=laptop", "budget=20"]
HOSTILE = (
    "D6, D3",
    "D1;touch x",
    "D1 && touch x",
    "$(touch x)",
    "$(shell touch x)",
    "${HOME}",
    "$$",
    "`touch x`",
    '"; touch x; "',
    "'; touch x; '",
    "a\\",
    "#no comment",
    "*",
    "D1|touch x",
    "> x",
    "a\nb",
)
FOLDERS = (
    "it's",
    "Ergebnisse über Nacht",
    "~",
    "~/results",
    "a=b",
    "=",
    "two  spaces",
    "$HOME/x",
    '"',
)


@dataclass(frozen=True)
class Make:
    """Runs make in a folder that has nothing but the Makefile."""

    folder: Path
    venv: Path

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
        return subprocess.run(
            ["make", f"VENV={self.venv}", *arguments],
            cwd=self.folder,
            env={**own, **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )

    @property
    def calls(self) -> list[list[str]]:
        """Programs and their arguments, in order."""
        log = self.folder.parent / "log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def call(self, *arguments: str, **environment: str) -> list[str]:
        """The arguments of the one program that make has started."""
        done = self(*arguments, **environment)
        assert done.returncode == 0, done.stderr
        assert sorted(p.name for p in self.folder.iterdir()) == INPUTS
        return self.calls[-1]


INPUTS = ["Makefile", "constraints.txt", "overrides.txt", "pyproject.toml"]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    folder, venv = tmp_path / "here", tmp_path / "venv"
    folder.mkdir()
    (venv / "bin").mkdir(parents=True)
    for name in INPUTS:
        (folder / name).write_text((ROOT / name).read_text())
        os.utime(folder / name, (0, 0))
    for name in PROGRAMS:
        program = venv / "bin" / name
        program.write_text(RECORDER.format(python=sys.executable, log=str(tmp_path / "log")))
        program.chmod(0o755)
    (venv / ".ready").touch()
    return Make(folder, venv)


def test_a_study_as_it_comes(make: Make) -> None:
    assert make.call("experiment") == ["dnn-repair", "run", *USUAL, "results=results"]


def test_every_choice_of_a_study(make: Make) -> None:
    chosen = {
        "FAULTS": "D1,D7",
        "TECHNIQUES": "one_change:OneChange,random",
        "REPEATS": "3",
        "FRACTION": "0.5",
        "SEEDS": "4",
        "SEED": "2",
        "CLOCK": "work",
        "SPACE": "icst23",
        "PROTOCOL": "icst23",
        "CONFIRMATIONS": "0",
        "INDEPENDENT": "true",
        "BACKEND": "jax",
        "WORKERS": "1",
        "PER_GPU": "2",
        "ARGS": "threads=2 mlflow=false",
    }
    found = make.call("tables", "PLAN=smoke", "BUDGET=5", *(f"{k}={v}" for k, v in chosen.items()))
    assert found == [
        "dnn-repair", "tables", "plan=smoke", "budget=5", "plan.faults=[D1,D7]",
        "plan.techniques=[one_change:OneChange,random]", "plan.repetitions=3",
        "plan.fraction=0.5", "++plan.fraction_for=null", "++plan.seeds=4", "++plan.seeds_for=null",
        "seed=2", "clock=work", "space=icst23", "protocol=icst23", "confirmations=0",
        "independent=true", "backend=jax", "workers=1", "per_gpu=2", "results=results", "threads=2",
        "mlflow=false",
    ]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_arrives_as_it_stands_and_runs_nothing(make: Make, value: str) -> None:
    found = make.call("experiment", f"FAULTS={value}", f"SEED={value}", f"BUDGET={value}")
    assert found[2:] == [
        "plan=laptop",
        f"budget={value}",
        f"plan.faults=[{value}]",
        f"seed={value}",
        "results=results",
    ]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_of_the_environment_arrives_as_it_stands(make: Make, value: str) -> None:
    assert f"plan.faults=[{value}]" in make.call("experiment", FAULTS=value)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_results_folder_may_have_any_name(make: Make, folder: str) -> None:
    assert make.call("report", f"RESULTS={folder}")[-1] == f"results={folder}"


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    ("command", "name", "before"),
    [
        ("explain", "RUN", ["dnn-repair", "explain"]),
        ("localise", "PROGRAM", ["dnn-repair", "localise"]),
        ("localise", "FAULT", ["dnn-repair", "localise", "--fault"]),
        ("data", "DATA_SETS", ["dnn-repair", "data"]),
        ("published", "OUT", ["dnn-repair", "published", "--out"]),
        ("fault", "ID", ["dnn-repair", "faults", "show"]),
        ("theia-benchmark", "OUT", ["python", "-m", "experiments.theia_benchmark", "--out"]),
    ],
)
def test_other_commands_quote_too(
    make: Make, command: str, name: str, before: list[str], value: str
) -> None:
    assert make.call(command, f"{name}={value}") == [*before, value]


@pytest.mark.parametrize("value", HOSTILE)
def test_free_arguments_are_split_at_blanks_and_nothing_else(make: Make, value: str) -> None:
    assert make.call("experiment", f"ARGS={value}")[5:] == value.split()


def test_a_fault_or_all_are_localised(make: Make) -> None:
    assert make.call("localise", "FAULT=all")[1:] == ["localise", "--faults"]
    told = make.call("localise", "PROGRAM=train.py", "ARGS=--task regression")
    assert told[1:] == ["localise", "train.py", "--task", "regression"]


def test_a_model_is_repaired(make: Make) -> None:
    paths = ["my model.keras", "training.json", "data.npz", "it's"]
    named = [f"{k}={v}" for k, v in zip(("MODEL", "CONFIG", "DATA", "OUT"), paths, strict=True)]
    found = make.call("autotrainer", *named, "BACKEND=jax", "TRUST=1", "ARGS=--mode as_run")
    assert found[1:] == ["autotrainer", *paths, "--backend", "jax", "--trust", "--mode", "as_run"]


@pytest.mark.parametrize(
    ("value", "trusted"), [("1", True), ("true", True), ("0", False), ("false", False), ("", False)]
)
def test_trust_is_a_truth_value(make: Make, value: str, trusted: bool) -> None:
    assert ("--trust" in make.call("autotrainer", f"TRUST={value}")) == trusted
    assert ("--trust" in make.call("autotrainer", TRUST=value)) == trusted


@pytest.mark.parametrize("value", ["abc", "0", "-1", "999999999", "1e3", "", "$(touch x)", "2;ls"])
def test_chunks_are_a_number(make: Make, value: str) -> None:
    done = make("sweep", f"CHUNKS={value}")
    assert done.returncode == 2 and make.calls == []
    assert "CHUNKS is a whole number from 1 to 9999" in done.stderr
    assert sorted(p.name for p in make.folder.iterdir()) == INPUTS


def test_mutants_of_a_subject(make: Make) -> None:
    found = make.call("mutants", "SUBJECT=digits_cnn", "OPERATORS=HLR,WCI", "RESULTS=it's")
    assert found[1:] == ["mutants", "results=it's", "subject=digits_cnn", "operators=[HLR,WCI]"]


def test_lists_of_techniques_and_faults(make: Make) -> None:
    assert "plan.techniques=[guided,guided_unlocalised," in " ".join(make.call("ablation"))
    assert make.call("tuning")[-1].startswith("plan.faults=[T1,T2,")
    parts = {"reuters": "plan=study", "cifar": "clock=work", "ablation": "part=ablation"}
    for part, expected in parts.items():
        found = make.call("guided", f"PART={part}")
        assert found[:2] == ["python", "experiments/guided.py"]
        assert expected in found
        assert found[-1] == f"part={part}"


def test_a_sweep_splits_the_study_and_summarises_it(make: Make) -> None:
    make.call(
        "sweep", "CHUNKS=3", "LAUNCHER=slurm", "LAUNCH=hydra.launcher.partition=gpu", "RESULTS=it's"
    )
    jobs, summary = make.calls
    assert jobs[:5] == [
        "python",
        "experiments/repair.py",
        "-m",
        "hydra/launcher=submitit_slurm",
        "hydra.launcher.partition=gpu",
    ]
    assert jobs[-2:] == [r"results='it\'s'", "chunk=1/3,2/3,3/3"]
    assert summary == ["dnn-repair", "run", *USUAL, "results=it's"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("BUGDET=10", "no variable BUGDET. Did you mean BUDGET?"),
        ("budget=10", "no variable budget. Did you mean BUDGET?"),
        ("TECHNIQUE=hebo", "no variable TECHNIQUE. Did you mean TECHNIQUES?"),
        ("RESULTS=", "RESULTS is empty. Name a folder"),
        ("RESULTS= ", "RESULTS is empty. Name a folder"),
        ("it's;touch`x`=3", "no variable it's;touch`x`."),
        ("TUNING=D1", "no variable TUNING."),
        ("TRUST=no", "TRUST is true or false"),
        ("TRUST=1 1", "TRUST is true or false"),
        ("TRUST=%", "TRUST is true or false"),
        ("VENV=", "VENV is a folder whose name has no blanks"),
        ("VENV=a b", "VENV is a folder whose name has no blanks"),
        ("VENV=$(shell touch x)", "VENV is a folder whose name has no blanks"),
        ("VENV=a;touch x", "VENV is a folder whose name has no blanks"),
        ("VENV=a:b", "VENV is a folder whose name has no blanks"),
    ],
)
@pytest.mark.parametrize("command", ["experiment", "test", "help"])
def test_what_is_not_understood_is_one_message(
    make: Make, command: str, given: str, said: str
) -> None:
    done = make(command, given)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert make.calls == []
    assert sorted(p.name for p in make.folder.iterdir()) == INPUTS


def test_the_list_is_grouped_and_complete(make: Make) -> None:
    shown = make().stdout
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^\.PHONY: (\S+)$", text, re.MULTILINE)
    assert len(targets) > 25
    assert [t for t in targets if not re.search(rf"^  make {t} ", shown, re.MULTILINE)] == []
    places = [shown.index(f"\n{group}") for group in ("Use it", "Study", "Maintain")]
    assert places == sorted(places)


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Make commands that a page names, with the variables given to each."""
    for shown in re.findall(
        r"^(?: {4})?(?:\w+=\S+ )?make [a-z].*$|`(?:\w+=\S+ )?make [a-z][^`]*`", text, re.M
    ):
        target, *rest = shown.strip("` ").partition("make ")[2].split("#")[0].split()
        yield target, [word.split("=")[0] for word in rest if re.match("[A-Za-z_]+=", word)]


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")),
    ],
)
def test_pages_name_commands_and_variables_that_exist(make: Make, page: str) -> None:
    targets = re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target, given in commands((ROOT / page).read_text()):
        assert target in targets
        done = make("help", *(f"{name}=x" for name in given))
        assert done.returncode == 0, f"make {target}: {done.stderr}"
