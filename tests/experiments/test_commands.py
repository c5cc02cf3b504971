"""The commands as a user runs them: in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest
from commands import ROOT, command

TINY = ["plan=smoke", "plan.faults=[X1]", "plan.repetitions=2", "budget=4"]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, own_faults: Path) -> Path:
    """A study of all three techniques on a fault of one's own, run by the command."""
    folder = tmp_path_factory.mktemp("study")
    done = command("repair", *TINY, f"results={folder}", faults=own_faults)
    assert done.returncode == 0, done.stderr
    for word in ("random", "hebo", "bohb", "X1", "MLflow: 6 runs added", "Techniques over all"):
        assert word in done.stdout
    assert "Traceback" not in done.stderr
    return folder


def test_a_study_is_complete_and_its_tables_are_saved(study: Path, own_faults: Path) -> None:
    missing = command("missing", *TINY, f"results={study}", faults=own_faults)
    assert missing.stdout.splitlines()[-1] == "0 missing"
    (folder,) = (study / "tables").iterdir()
    assert {p.name for p in folder.iterdir()} == {"scores.csv", "summary.csv", "tables.md"}
    assert "| X1 |" in (folder / "tables.md").read_text()


def test_tables_are_rebuilt_from_what_is_stored(study: Path, own_faults: Path) -> None:
    (folder,) = (study / "tables").iterdir()
    before = {p.name: p.read_text() for p in folder.iterdir()}
    shutil.rmtree(folder)
    done = command("tables", *TINY, f"results={study}", faults=own_faults)
    assert done.returncode == 0, done.stderr
    assert {p.name: p.read_text() for p in folder.iterdir()} == before


def test_the_published_analysis_applies_too(study: Path, own_faults: Path) -> None:
    done = command("tables", *TINY, f"results={study}", "protocol=icst23", faults=own_faults)
    assert done.returncode == 0, done.stderr
    assert "Wilcoxon signed-rank" in " ".join(done.stdout.split())


def test_mlflow_mirrors_plan_and_cells(study: Path) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{study / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("dnn-repair")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    parents = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    assert len(parents) == 1
    assert len(runs) == 7
    child = next(r for r in runs if r not in parents)
    assert child.data.params["fault"] == "X1"
    assert child.data.metrics["trials"] >= 1


def test_a_study_goes_on_without_its_mirror(tmp_path: Path, own_faults: Path, study: Path) -> None:
    shutil.copytree(study, tmp_path / "r")
    (tmp_path / "r" / "mlflow.db").write_bytes(b"this is no database" * 100)
    done = command("repair", *TINY, f"results={tmp_path / 'r'}", faults=own_faults)
    assert done.returncode == 0, done.stderr
    assert "MLflow mirror left out" in done.stdout


@pytest.mark.slow
def test_hydra_sweeps_over_techniques_and_budgets(
    study: Path, own_faults: Path, tmp_path: Path
) -> None:
    shutil.copytree(study / "baselines", tmp_path / "baselines")
    done = command(
        "repair", "-m", "technique=random,bohb", "budget=2,3", "plan=smoke", "plan.faults=[X1]",
        "plan.repetitions=1", "mlflow=false", f"results={tmp_path}", faults=own_faults,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {(p.parent.parent.name, p.parent.name[:3]) for p in tmp_path.rglob("run.json")}
    assert found == {(t, b) for t in ("random", "bohb") for b in ("b2-", "b3-")}


def files_of(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


@pytest.mark.slow
def test_a_study_in_chunks_is_the_same_study(study: Path, own_faults: Path, tmp_path: Path) -> None:
    """Two jobs of submitit share a results folder; one process fills the mirror afterwards."""
    shutil.copytree(study / "baselines", tmp_path / "baselines")
    words = [*TINY, "clock=work", f"results={tmp_path}"]
    launcher = ["-m", "hydra/launcher=submitit_local", "hydra.launcher.timeout_min=10"]
    here = files_of(ROOT)
    done = command("repair", *launcher, *words, "chunk=1/2,2/2", faults=own_faults)
    assert done.returncode == 0, done.stdout + done.stderr
    assert files_of(ROOT) == here
    assert (tmp_path / "sweeps").exists()
    assert not (tmp_path / "mlflow.db").exists()
    assert len(list(tmp_path.rglob("run.json"))) == 6
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("trials.jsonl")}
    done = command("repair", *words, faults=own_faults)
    assert done.returncode == 0, done.stderr
    assert "MLflow: 6 runs added" in done.stdout
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("trials.jsonl")}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["basic", "submitit_local"])
def test_a_job_that_fails_is_told_by_the_exit_code(launcher: str, tmp_path: Path) -> None:
    words = ["-m", f"hydra/launcher={launcher}", "plan.faults=[D3],[D77]", "plan=smoke"]
    rest = ["plan.techniques=[random]", "plan.repetitions=1", "budget=1", f"results={tmp_path}"]
    done = command("repair", *words, *rest)
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(list(tmp_path.rglob("run.json"))) == 1  # that of the job beside it


BAD = {
    "unknown fault": (["plan.faults=[D77]"], "no fault 'D77'. Did you mean D7"),
    "unknown technique": (["plan.techniques=[hebbo]"], "no technique 'hebbo'. Did you mean hebo"),
    "unknown technique group": (["technique=hebbo"], "no technique 'hebbo'. Did you mean hebo"),
    "unknown plan": (["plan=labtop"], "no plan 'labtop'. Did you mean laptop"),
    "unknown override": (["bugdet=20"], "no setting 'bugdet'. Did you mean budget"),
    "unknown inner override": (["plan.reps=3"], "Could not override 'plan.reps'"),
    "malformed override": (["plan.faults=[D1"], "no viable alternative at input '[D1'"),
    "unknown protocol": (["protocol=icst"], "no protocol 'icst'. Did you mean icst23"),
    "unknown space": (["space=corect"], "no search space 'corect'. Did you mean corrected"),
    "unknown clock": (["clock=sun"], "no clock 'sun'"),
    "unknown backend": (["backend=theano"], "no Keras backend 'theano'"),
    "negative budget": (["budget=-5"], "budget -5 is not possible"),
    "zero budget": (["budget=0"], "budget 0 is not possible"),
    "budget of words": (["budget=lots"], "budget 'lots' is not possible"),
    "no repetitions": (["plan.repetitions=0"], "repetitions must be a whole number from 1"),
    "malformed chunk": (["chunk=two"], "chunk must be like 2/8"),
    "no workers": (["workers=0"], "workers must be a whole number from 1"),
    "seed of words": (["seed=one"], "seed must be a whole number from 0"),
    "file as results": (["results=README.md"], "README.md cannot be written"),
    "own technique": (["plan.techniques=['nobody:Me']"], "technique 'nobody:Me' cannot be made"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_message_and_exit_code_2(case: str, tmp_path: Path) -> None:
    words, message = BAD[case]
    where = [] if any(w.startswith("results=") for w in words) else [f"results={tmp_path}"]
    done = command("repair", *words, *where)
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_bad_faults_get_one_message_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "X9.yaml").write_text("id: X9\nsubject: nobody\n")
    for script in ("repair", "faults"):
        done = command(script, faults=tmp_path)
        assert done.returncode == 2
        assert "X9.yaml:1: the key 'title' is missing" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_program_that_does_not_build_is_named(own_faults: Path, tmp_path: Path) -> None:
    shutil.copytree(own_faults, tmp_path / "f")
    module = tmp_path / "f" / "subjects" / "sum_sign.py"
    module.write_text(module.read_text().replace("Input((4,))", "Input((5,))"))
    done = command("repair", *TINY, f"results={tmp_path / 'r'}", faults=tmp_path / "f")
    assert done.returncode == 2, done.stdout
    assert "the faulty program of X1 does not build" in done.stderr
    assert "Traceback" not in done.stderr


def test_damaged_results_get_one_message_and_lose_nothing(
    study: Path, own_faults: Path, tmp_path: Path
) -> None:
    shutil.copytree(study, tmp_path / "r")
    log = next((tmp_path / "r" / "runs").rglob("trials.jsonl"))
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join([lines[0], "{broken\n", *lines[2:]]))
    before = log.read_bytes()
    for script in ("tables", "repair"):
        done = command(script, *TINY, f"results={tmp_path / 'r'}", faults=own_faults)
        assert done.returncode == 2
        assert "trials.jsonl:2: this line of the trial log is damaged" in done.stderr
        assert "Traceback" not in done.stderr
    assert log.read_bytes() == before


def test_results_of_another_version_are_refused(
    study: Path, own_faults: Path, tmp_path: Path
) -> None:
    shutil.copytree(study, tmp_path / "r")
    record = next((tmp_path / "r" / "runs").rglob("run.json"))
    record.write_text(json.dumps({**json.loads(record.read_text()), "version": 99}))
    done = command("tables", *TINY, f"results={tmp_path / 'r'}", faults=own_faults)
    assert done.returncode == 2
    assert "written by results version 99" in done.stderr


def test_nothing_stored_is_said_and_no_file_left(tmp_path: Path) -> None:
    done = command("tables", f"results={tmp_path}", cwd=tmp_path)
    assert not [*tmp_path.iterdir()]
    assert done.returncode == 2
    assert "nothing of plan 'laptop' with budget 20" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IREAD | stat.S_IEXEC)
    done = command("repair", f"results={tmp_path}")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_the_list_of_faults_shows_all_that_matters() -> None:
    done = command("faults")
    assert done.returncode == 0, done.stderr
    for word in ("D1", "constant_vectors", "softmax -> sigmoid", "activation", "15", "repairable"):
        assert word in done.stdout
