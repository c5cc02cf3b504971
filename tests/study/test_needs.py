"""A study says at once which packages it lacks, and only if it would use them."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from stored import write_study

from harness.records.store import Store
from harness.study.needs import check_installed
from harness.study.plan import Plan
from harness.study.runner import run_plan
from harness.subjects.registry import load_registry
from harness.techniques.bohb import Bohb
from harness.techniques.hebo import Hebo
from harness.techniques.random import Random
from harness.vocabulary import HarnessError

PLAN = Plan(
    name="lean",
    faults=["D3", "P1"],
    techniques={"random": Random(), "hebo": Hebo(), "bohb": Bohb()},
    repetitions=1,
    budget=6,
)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Modules named here look as if they were not installed."""
    absent: set[str] = set()
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in absent else find(name)
    )
    return absent


def test_everything_that_is_missing_is_said_before_anything_is_started(
    without: set[str], tmp_path: Path
) -> None:
    without |= {"hebo", "hpbandster", "mlflow"}
    with pytest.raises(
        HarnessError, match=r"^not installed: hebo, hpbandster\. To add: .*hebo,bohb"
    ):
        run_plan(PLAN, Store(tmp_path / "results"), slots=1)
    assert not (tmp_path / "results").exists()


def test_a_backend_is_a_need(without: set[str], tmp_path: Path) -> None:
    without.add("torch")
    store = Store(tmp_path)
    study = replace(PLAN, techniques={"random": Random()})
    with pytest.raises(HarnessError, match=r"^not installed: torch\. .*\[torch\]"):
        check_installed(study, load_registry(), store)  # P1 is a native PyTorch program
    check_installed(replace(study, faults=["D3"]), load_registry(), store)
    with pytest.raises(HarnessError, match=r"^not installed: torch\."):
        check_installed(replace(study, faults=["D3"], backend="torch"), load_registry(), store)


def test_finished_runs_need_nothing(without: set[str], tmp_path: Path) -> None:
    registry = load_registry()
    study = replace(PLAN, faults=["D3"])
    store = write_study(study, registry, tmp_path)
    without |= {"hebo", "hpbandster", "tensorflow"}
    check_installed(study, registry, store)
    with pytest.raises(HarnessError, match=r"^not installed: tensorflow, hebo, hpbandster"):
        check_installed(replace(study, repetitions=2), registry, store)
