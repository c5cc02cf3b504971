"""Trainings that go wrong: each is a row with its cause, and the study goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import deeds
import pytest
import troubles
from drivers import lines
from tiny import plan

from harness.records.log import LOG, read_log
from harness.records.store import Store
from harness.study.runner import run_plan
from harness.subjects.registry import load_registry
from harness.techniques.random import Random
from harness.training import Request
from harness.training.process import TimeLimits, TrainingProcess
from harness.vocabulary import TrialStatus

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("ray_session"), pytest.mark.timeout(900)]


def test_every_trouble_is_a_row_with_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each, the faulty program trains as if nothing had been; so do the runs beside it."""
    monkeypatch.setenv("FAULTS_PATH", str(troubles.write(tmp_path / "faults")))
    both = {"troubled": troubles.Troubled(), "random": Random()}
    study = plan(techniques=both, repetitions=1, budget=100, clock="work")
    done = run_plan(study, Store(tmp_path / "beside"), slots=2)
    assert not done.failed
    cells = {cell.technique: cell for cell in done.cells}
    log = read_log(Store(tmp_path / "beside").folder(cells["troubled"]) / LOG)
    assert log is not None
    rows = [row.outcome for row in log[1]]
    found = {
        name: (outcome.status, outcome.cause)
        for name, outcome in zip(troubles.TROUBLES, rows[::2], strict=True)
    }
    assert found == {name: row[1:] for name, row in troubles.TROUBLES.items()}
    assert {outcome.status for outcome in rows[1::2]} == {TrialStatus.COMPLETED}
    alone = Store(tmp_path / "alone")
    run_plan(
        plan(techniques={"random": Random()}, repetitions=1, budget=100, clock="work"),
        alone,
        slots=1,
    )
    whole = lines(tmp_path / "beside")
    assert all(whole[path] == told for path, told in lines(alone.root).items())


@pytest.mark.parametrize(
    ("clock", "budget"),
    [("training", 20), ("wall", 2000)],  # T is milliseconds, and starting counts for `wall`
)
def test_a_clock_that_jumps_back_ends_no_run_and_starts_none_anew(
    tmp_path: Path, own_faults: Path, monkeypatch: pytest.MonkeyPatch, clock: str, budget: float
) -> None:
    monkeypatch.setenv("FAULTS_PATH", str(own_faults))
    technique = {"set back": troubles.SetBack()}
    study = plan(techniques=technique, repetitions=1, budget=budget, clock=clock)
    done = run_plan(study, Store(tmp_path), slots=1)
    assert not done.failed
    log = read_log(Store(tmp_path).folder(done.cells[0]) / LOG)
    assert log is not None
    spent = [row.spent for row in log[1]]
    allowed = budget * log[0].training_time
    assert spent == sorted(spent) and spent[-1] >= allowed
    assert all(row.outcome.seconds >= 0 and row.charged >= 0 for row in log[1])


@pytest.mark.parametrize(
    ("backend", "own"), [("tensorflow", deeds.KERAS), ("pytorch", deeds.PYTORCH)]
)
def test_what_a_program_does_to_its_process_reaches_no_other(
    tmp_path: Path, backend: str, own: Mapping[str, str]
) -> None:
    """After each deed, a training gives what it gave in a fresh process, bit by bit."""
    which = {**deeds.COMMON, **own}
    folder = deeds.write(tmp_path / "faults", which, native=backend == "pytorch")
    fault = load_registry([folder])["X1"]
    request = Request.of(fault, fault.fixed, seed=1, folders=(folder,))
    limits = TimeLimits(training=120, preparing=60, starting=200)
    process = TrainingProcess(backend, 1)
    told = []
    try:
        first = process.train(request, limits)
        assert first.status is TrialStatus.COMPLETED
        for number in range(len(which)):
            configuration = {**fault.fixed, "units_1": deeds.FIRST + number}
            process.train(replace(request, configuration=configuration), limits)
            told.append(process.train(request, limits))
    finally:
        process.close()
    assert [name for name, o in zip(which, told, strict=True) if o.losses != first.losses] == []
    assert {(o.status, o.search, o.holdout, o.steps) for o in told} == {
        (first.status, first.search, first.holdout, first.steps)
    }
