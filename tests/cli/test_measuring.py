"""Commands that train beside a study, or say what it will take."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import command
from stored import write_study

from harness.cli import main
from harness.study.plan import Plan
from harness.study.spec import make_techniques
from harness.subjects.registry import Registry

STORED = ["plan=smoke", "plan.faults=D3", "technique=random", "budget=6"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    chosen = make_techniques(["random"])
    plan = Plan(name="smoke", faults=["D3"], techniques=chosen, repetitions=3, budget=6)
    root = tmp_path_factory.mktemp("results")
    write_study(plan, registry, root)
    return root


def test_what_a_plan_costs(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", *STORED, f"results={results}", "workers=2"]) == 0
    assert "on 2 slots" in capsys.readouterr().out
    assert main(["cost", *STORED, f"results={results}", "gpus=4", "--per-gpu", "2"]) == 0
    assert "on 8 slots (4 GPUs)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--gpus", "many"], "gpus must be a whole number from 0 to 10000. Received: 'many'"),
        (["gpus=-1"], "gpus must be a whole number from 0 to 10000. Received: -1"),
        ([], "Measure them first: dnn-repair baseline plan=smoke"),
    ],
)
def test_what_cannot_be_projected_is_one_message(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cost", *STORED, f"results={tmp_path}", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["baseline", "minimise", "suspicion"])
def test_bad_input_is_one_message_before_ray_starts(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "plan.faults=D77", f"results={tmp_path}"]) == 2
    assert "no fault 'D77'" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


@pytest.mark.timeout(300)
def test_baselines_are_measured_and_saved(own_faults: Path, tmp_path: Path) -> None:
    settings = ["plan=smoke", "plan.faults=X1", "--seeds", "3", "--results", str(tmp_path / "r")]
    done = command("baseline", *settings, faults=own_faults)
    assert done.returncode == 0, done.stderr
    assert "X1" in done.stdout and "exposed" in done.stdout
    assert len(list((tmp_path / "r" / "baselines").glob("X1-*.json"))) == 1
    assert (tmp_path / "r" / "tables" / "qualification.csv").exists()
