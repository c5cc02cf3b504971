"""Commands about the runs of a study: one study that is run, and others that are stored."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pandas as pd
import pytest
from commands import command
from stored import write_study

from harness.cli import main
from harness.study.plan import Plan
from harness.study.spec import make_techniques
from harness.subjects.registry import Registry

ALL = "plan.techniques=[random,hebo,bohb]"
TINY = ["plan=smoke", "plan.faults=[X1]", ALL, "plan.repetitions=2", "budget=4"]
STORED = ["plan=smoke", "plan.faults=D3, D6", "plan.techniques=[random,hebo]", "budget=6"]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, own_faults: Path) -> Path:
    """A study of all three techniques on a fault of one's own, run by the command."""
    folder = tmp_path_factory.mktemp("study") / "größe = it's ~"
    done = command("run", *TINY, "--results", str(folder), faults=own_faults)
    assert done.returncode == 0, done.stderr
    for part in ("random", "hebo", "bohb", "X1", "MLflow: 6 runs added", "Techniques over all"):
        assert part in done.stdout
    assert "Traceback" not in done.stderr
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    chosen = make_techniques(["random", "hebo"])
    plan = Plan(name="smoke", faults=["D3", "D6"], techniques=chosen, repetitions=3, budget=6)
    root = tmp_path_factory.mktemp("results") / "it's"
    write_study(plan, registry, root, leave_out=1)
    return root


def test_a_study_is_complete_and_its_tables_are_saved(
    study: Path, with_own_faults: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["missing", "--check", *TINY, f"results={study}"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 missing"
    (folder,) = (study / "tables").iterdir()
    assert {p.name for p in folder.iterdir()} == {"scores.csv", "summary.csv", "tables.md"}
    assert "| X1 |" in (folder / "tables.md").read_text()


def test_tables_are_rebuilt_from_what_is_stored(study: Path, with_own_faults: Path) -> None:
    (folder,) = (study / "tables").iterdir()
    before = {p.name: p.read_text() for p in folder.iterdir()}
    shutil.rmtree(folder)
    assert main(["tables", *TINY, f"results={study}"]) == 0
    assert {p.name: p.read_text() for p in folder.iterdir()} == before


def test_the_published_analysis_applies_too(
    study: Path, with_own_faults: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tables", *TINY, "--protocol", "icst23", f"results={study}"]) == 0
    assert "Wilcoxon signed-rank" in " ".join(capsys.readouterr().out.split())


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
    done = command("run", *TINY, f"results={tmp_path / 'r'}", faults=own_faults)
    assert done.returncode == 0, done.stderr
    assert "MLflow mirror left out" in done.stdout


def test_a_program_that_does_not_build_is_named(own_faults: Path, tmp_path: Path) -> None:
    shutil.copytree(own_faults, tmp_path / "f")
    module = tmp_path / "f" / "subjects" / "sum_sign.py"
    module.write_text(module.read_text().replace("Input((4,))", "Input((5,))"))
    done = command("run", *TINY, f"results={tmp_path / 'r'}", faults=tmp_path / "f")
    assert done.returncode == 2, done.stdout
    assert "the faulty program of X1 does not build" in done.stderr
    assert "Traceback" not in done.stderr


def test_damaged_results_get_one_message_and_lose_nothing(
    study: Path, with_own_faults: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(study, tmp_path / "r")
    log = next((tmp_path / "r" / "runs").rglob("trials.jsonl"))
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join([lines[0], "{broken\n", *lines[2:]]))
    before = log.read_bytes()
    assert main(["tables", *TINY, f"results={tmp_path / 'r'}"]) == 2
    assert "trials.jsonl:2: this line of the trial log is damaged" in capsys.readouterr().err
    assert log.read_bytes() == before


def test_results_of_another_version_are_refused(
    study: Path, with_own_faults: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(study, tmp_path / "r")
    record = next((tmp_path / "r" / "runs").rglob("run.json"))
    record.write_text(json.dumps({**json.loads(record.read_text()), "version": 99}))
    assert main(["tables", *TINY, f"results={tmp_path / 'r'}"]) == 2
    assert "written by results version 99" in capsys.readouterr().err


BAD = {
    "unknown fault": (["--faults=D77"], "no fault 'D77'. Did you mean D7"),
    "shell in a fault": (["--faults", "D1;touch x"], "no fault 'D1;touch x'"),
    "unknown plan": (["--plan", "labtop"], "no plan 'labtop'. Did you mean laptop"),
    "unknown setting": (["bugdet=20"], "no setting 'bugdet'. Did you mean budget"),
    "unknown inner setting": (["plan.reps=3"], "no setting 'plan.reps'"),
    "unknown option": (["--bugdet", "20"], "unrecognized arguments: --bugdet"),
    "option without value": (["--budget"], "argument --budget: expected one argument"),
    "shortened option": (["--repet", "3"], "unrecognized arguments: --repet"),
    "no setting": (["smoke"], "'smoke' is no setting"),
    "negative budget": (["--budget", "-5"], "budget -5 is not possible"),
    "file as results": (["--results", "pyproject.toml"], "results must name a folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_message_and_exit_code_2(
    case: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    arguments, message = BAD[case]
    assert main(["run", *arguments]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("error: ") and message in err, out
    assert len(err.strip().splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["pyproject.toml"]


def test_bad_faults_get_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "X9.yaml").write_text("id: X9\nsubject: nobody\n")
    monkeypatch.setenv("FAULTS_PATH", str(tmp_path))
    for name in ("run", "faults"):
        assert main([name]) == 2
        assert "X9.yaml:1: the key 'title' is missing" in capsys.readouterr().err


def test_nothing_stored_is_said_and_no_file_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["tables"]) == 2
    assert f"nothing of plan 'laptop' with budget 20 is in {tmp_path / 'results'}" in (
        capsys.readouterr().err
    )
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(stat.S_IREAD | stat.S_IEXEC)
    assert main(["run", "--results", str(tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_missing_runs_are_counted(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["missing", *STORED, f"results={results}"]
    assert main(asked) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "1 missing" and lines[0].split() == ["D6", "hebo", "1", "of", "3"]
    assert main([*asked, "--check"]) == 1


def test_the_report_of_a_stored_study(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", *STORED, f"results={results}"]) == 0
    (page,) = results.glob("reports/smoke-b6-s1-*/report.html")
    assert str(page) in capsys.readouterr().out
    text = " ".join(page.read_text().split())
    for part in ("11 runs of random, hebo", "1 of 12 planned runs are missing", "3.0 (11)"):
        assert part in text


def test_a_report_on_the_beginnings_of_longer_runs_says_so(results: Path) -> None:
    assert main(["report", *STORED[:-1], "--budget", "3", f"results={results}"]) == 0
    (page,) = results.glob("reports/smoke-b3-s1-*/report.html")
    note = "Read off the beginnings of longer runs: 11 of 11 with budget 6. This saves 3 T a run."
    assert note in " ".join(page.read_text().split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["source=icst32"], "no source of runs 'icst32'. Did you mean icst23"),
        (["--source", "icst23", "budget=30"], "no runs of budget 30. Found: 10, 20, 50"),
        ([], "nothing of plan 'laptop' with budget 20"),
    ],
)
def test_a_report_that_is_not_possible_is_one_message(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", *arguments, f"results={tmp_path}"]) == 2
    err = capsys.readouterr().err
    assert message in err and len(err.strip().splitlines()) == 1


def test_techniques_are_compared(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *STORED, f"results={results}"]) == 0
    out = capsys.readouterr().out
    for part in (
        "mean rank",
        "random against hebo",
        "p (Holm)",
        "Performance profiles",
        "saved in",
    ):
        assert part in out
    assert main(["compare", *STORED, f"results={results}", "--techniques", "random"]) == 2
    assert "a comparison needs runs of two techniques. Found: random" in capsys.readouterr().err


def test_the_first_technique_is_compared_with_each_other(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = ["plan=smoke", "budget=6", "plan.repetitions=3", f"results={results}"]
    assert main(["compare", "hebo", "random", *chosen]) == 0
    out = capsys.readouterr().out
    assert "hebo against random" in out
    folder = Path(out.split("saved in ")[1].splitlines()[0])
    table = pd.read_csv(folder / "duels.csv")
    assert table[["first", "second"]].to_numpy().tolist() == [["hebo", "random"]] * 2
    # Plan smoke declares random and guided: hebo adds its pairs with both, on two faults.
    assert set(table["tests"]) == {2 * 3}
    assert (folder / "figures" / "profiles.pdf").exists()
    assert main(["compare", "hebo", "bohb", *chosen]) == 2
    assert "Found: hebo. Without any: bohb" in capsys.readouterr().err
    assert main(["compare", "hebo", "randm", *chosen]) == 2
    assert "no technique 'randm'" in capsys.readouterr().err


def test_a_study_is_recorded_and_restored(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = ["plan=smoke", "budget=6", "plan.repetitions=3", "plan.techniques=[random,hebo]"]
    chosen = [*whole, "plan.faults=[D3]"]
    assert main(["record", *whole, f"results={results}"]) == 2
    assert "1 of 12 runs of plan 'smoke' are missing" in capsys.readouterr().err
    assert main(["record", *chosen, f"results={results}"]) == 0
    folder = capsys.readouterr().out.split(":")[0]
    again = tmp_path / "again"
    assert main(["restore", folder, str(again)]) == 0
    assert main(["tables", *chosen, f"results={again}"]) == 0
    (table,) = (again / "tables").glob("*/scores.csv")
    assert main(["tables", *chosen, f"results={results}"]) == 0
    assert table.read_bytes() == (results / table.relative_to(again)).read_bytes()
    capsys.readouterr()
    assert main(["restore", folder, str(again)]) == 2
    assert "is not empty, and what was recorded is never overwritten" in capsys.readouterr().err
    assert main(["restore", str(tmp_path / "none"), str(tmp_path / "new")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_run_is_explained(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = next((results / "runs" / "D3" / "random").iterdir())
    assert main(["explain", str(run)]) == 0
    assert capsys.readouterr().out.startswith("random on D3, budget 6 x T")
    assert main(["explain", str(results)]) == 2
    assert main(["explain"]) == 2
    assert "the following arguments are required: RUN" in capsys.readouterr().err


def test_scores_are_saved_with_full_precision(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tables", *STORED, f"results={results}"]) == 0
    folder = Path(capsys.readouterr().out.split("saved in ")[1].splitlines()[0])
    assert len(pd.read_csv(folder / "scores.csv")) == 4


def test_a_folder_without_old_results_needs_no_migration(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate", str(results)]) == 0
    assert "nothing to migrate" in capsys.readouterr().out
    assert main(["migrate", str(tmp_path / "gone")]) == 2
    assert "there is no results folder" in capsys.readouterr().err
