"""A run of a larger budget is judged where a smaller one would have ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny import plan

from harness.analysis.replay import at_budget
from harness.engine.marks import MARKED, ahead, marks_of
from harness.records.clocks import CLOCKS, make_clock
from harness.records.run import Run
from harness.records.store import Store
from harness.study.runner import run_plan
from harness.techniques.bohb import Bohb
from harness.techniques.hebo import Hebo
from harness.techniques.random import Random


def test_clocks_that_measure_have_no_marks() -> None:
    for name in ("training", "wall"):
        assert not marks_of(CLOCKS[name], 20, 2.0)
    assert marks_of(CLOCKS["reference"], 20, 2.0) == ((5.0, 10.0), (10.0, 20.0))
    assert len(marks_of(CLOCKS["work"], 50, 2.0)) == len(MARKED)


def test_what_lies_ahead_of_a_training() -> None:
    clock = make_clock("reference", 20, 2.0)
    train: Any = SimpleNamespace(marks=marks_of(CLOCKS["reference"], 20, 2.0))
    assert ahead(train, clock) == {"marks": ((5.0, 10.0), (10.0, 20.0))}
    clock.replay(12.0, last=True)
    assert ahead(train, clock) == {"marks": ((10.0, 8.0),)}
    clock.replay(20.0, last=True)
    assert ahead(train, clock) == {}
    unmarked: Any = SimpleNamespace()
    assert ahead(unmarked, clock) == {}


def shown(run: Run) -> list[tuple[object, ...]]:
    """All of a run's trials that no clock on the wall decides."""
    return [
        (
            trial.proposal,
            trial.configuration,
            trial.status,
            trial.search,
            trial.holdout,
            trial.fidelity,
            pytest.approx(trial.charged),
            pytest.approx(trial.spent),
        )
        for trial in run.trials
    ]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("ray_session", "with_own_faults")
def test_a_beginning_and_a_run_of_its_own_agree(tmp_path: Path) -> None:
    techniques = {"random": Random(), "bohb": Bohb(), "hebo": Hebo(initial=3)}
    whole = plan(techniques=techniques, budget=12, clock="reference", repetitions=1)
    store = Store(tmp_path / "whole")
    made = run_plan(whole, store, slots=1, say=lambda _: None)
    assert not made.failed
    cut = 0
    for budget in (5, 10):
        own_store = Store(tmp_path / f"own-{budget}")
        own = run_plan(replace(whole, budget=budget), own_store, slots=1, say=lambda _: None)
        for cell, long in zip(own.cells, made.cells, strict=True):
            alone = own_store.read_run(cell)
            begun = at_budget(store.read_run(long), budget, 1.0)
            assert shown(begun) == shown(alone)
            cut += alone.trials[-1].fidelity < 1
    assert cut
