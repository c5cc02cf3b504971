"""Hydra's door: sweeps over settings, jobs of a launcher, and its help."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import ROOT, command, sweep

from harness.study.settings import SETTINGS

ALL = "plan.techniques=[random,hebo,bohb]"
TINY = ["plan=smoke", "plan.faults=[X1]", ALL, "plan.repetitions=2", "budget=4", "mlflow=false"]

pytestmark = pytest.mark.timeout(300)


def files_of(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


@pytest.mark.slow
def test_hydra_sweeps_over_techniques_and_budgets(own_faults: Path, tmp_path: Path) -> None:
    done = sweep(
        "-m", "technique=random,bohb", "budget=2,3", "plan=smoke", "plan.faults=[X1]",
        "plan.repetitions=1", "mlflow=false", f"results={tmp_path}", faults=own_faults,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {(p.parent.parent.name, p.parent.name[:3]) for p in tmp_path.rglob("run.json")}
    assert found == {(t, b) for t in ("random", "bohb") for b in ("b2-", "b3-")}


@pytest.mark.slow
def test_a_study_in_chunks_is_the_same_study(own_faults: Path, tmp_path: Path) -> None:
    """Two jobs of submitit share a results folder; one process fills the mirror afterwards."""
    settings = [*TINY[:-1], "clock=work", f"results={tmp_path}"]
    launcher = ["-m", "hydra/launcher=submitit_local", "hydra.launcher.timeout_min=10"]
    here = files_of(ROOT)
    done = sweep(*launcher, *settings, "chunk=1/2,2/2", faults=own_faults)
    assert done.returncode == 0, done.stdout + done.stderr
    assert files_of(ROOT) == here
    assert (tmp_path / "sweeps").exists()
    assert not (tmp_path / "mlflow.db").exists()
    assert len(list(tmp_path.rglob("run.json"))) == 6
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("trials.jsonl")}
    done = command("run", *settings, faults=own_faults)
    assert done.returncode == 0, done.stderr
    assert "MLflow: 6 runs added" in done.stdout
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("trials.jsonl")}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["basic", "submitit_local"])
def test_a_job_that_fails_is_told_by_the_exit_code(launcher: str, tmp_path: Path) -> None:
    settings = ["-m", f"hydra/launcher={launcher}", "plan.faults=[D3],[D77]", "plan=smoke"]
    rest = ["plan.techniques=[random]", "plan.repetitions=1", "budget=1", f"results={tmp_path}"]
    done = sweep(*settings, *rest)
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(list(tmp_path.rglob("run.json"))) == 1  # that of the job beside it


BAD = {
    "unknown fault": (["plan.faults=[D77]"], "no fault 'D77'. Did you mean D7"),
    "unknown plan": (["plan=labtop"], "no plan 'labtop'. Did you mean laptop"),
    "unknown technique group": (["technique=hebbo"], "no technique 'hebbo'. Did you mean hebo"),
    "unknown override": (["bugdet=20"], "no setting 'bugdet'. Did you mean budget"),
    "unknown inner override": (["plan.reps=3"], "Could not override 'plan.reps'"),
    "malformed override": (["plan.faults=[D1"], "no viable alternative at input '[D1'"),
    "budget of words": (["budget=lots"], "budget 'lots' is not possible"),
    "threads in part": (["threads=1.5"], "threads must be a whole number from 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_message_and_exit_code_2(case: str, tmp_path: Path) -> None:
    settings, message = BAD[case]
    done = sweep(*settings, f"results={tmp_path}")
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_the_help_explains_every_setting() -> None:
    done = sweep("--help")
    assert done.returncode == 0, done.stderr
    for row in SETTINGS:
        assert f"{row.key}=" in done.stdout
        assert f"{row.meaning} ({row.unit}; default: {row.default})" in done.stdout
    assert "-m technique=random,hebo" in done.stdout
