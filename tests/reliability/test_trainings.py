"""Trainings that go wrong: each is a row with its cause, and the study goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
import troubles
from drivers import lines
from tiny import plan

from harness.records.log import LOG, read_log
from harness.records.store import Store
from harness.study.runner import run_plan
from harness.techniques.random import Random
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
    allowed = budget * log[0]["training_time"]
    assert spent == sorted(spent) and spent[-1] >= allowed
    assert all(row.outcome.seconds >= 0 and row.charged >= 0 for row in log[1])
