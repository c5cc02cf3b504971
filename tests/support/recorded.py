"""Records as a driver would write them, of runs that nobody made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.records.cell import Cell
from harness.records.log import RunHeader
from harness.records.outcome import Outcome, ScoredOutcome, Trial
from harness.records.run_record import RepairedFault, RunEnvironment, RunRecord, RunSeconds
from harness.vocabulary import Configuration, TrialStatus

AT = "2026-01-01T00:00:00.000+00:00"

ENVIRONMENT = RunEnvironment(
    harness="0.1.0",
    results_version=2,
    python="3.11.0",
    packages={"keras": "3.0"},
    host="host",
    machine="a machine",
    commit="abc",
    dirty=False,
)


CELL = Cell(
    fault="D1",
    fault_content="abc",
    technique="random",
    settings={"class": "a.B", "first": None},
    space="corrected",
    clock="training",
    budget=20.0,
    data="default",
    fraction=1.0,
    backend="tensorflow",
    repetition=3,
    seed=1,
)


def header(cell: Cell = CELL, training_time: float = 0.5) -> RunHeader:
    return RunHeader(cell=cell, metric="accuracy", training_time=training_time, started=AT)


def row(index: int) -> Trial:
    outcome = Outcome(
        status=TrialStatus.COMPLETED,
        seconds=0.1,
        steps=20,
        search=0.5,
        holdout=1 / 3,
        losses=(0.5, 0.25),
    )
    return Trial(
        index=index,
        proposal=index,
        configuration={"epochs": 5},
        outcome=outcome,
        suggest_seconds=0.01,
        charged=0.1,
        spent=0.1 * (index + 1),
        at=AT,
    )


def run_record(cell: Cell, trials: int, **changes: Any) -> RunRecord:
    """The record of a run of ``trials`` trials as :func:`row` makes them."""
    record = RunRecord(
        cell=cell,
        status="ok",
        choice=None,
        trials=trials,
        counts={"completed": trials},
        health={},
        fault=RepairedFault(
            title="a fault", metric="accuracy", faulty={"epochs": 5}, fixed={"epochs": 9}
        ),
        training_time=0.5,
        allowed=0.5 * cell.budget,
        spent=0.1 * trials,
        seconds=RunSeconds(
            training=0.1 * trials,
            search=0.01 * trials,
            building=0.1,
            total=0.2 * trials,
            opening=0.01,
        ),
        run_seed=cell.run_seed,
        continued_after=0,
        device="a machine",
        environment=ENVIRONMENT,
        started=AT,
        ended=AT,
    )
    return replace(record, **changes)


def recorded_trial(
    proposal: int,
    *,
    status: TrialStatus,
    search: float | None,
    holdout: float | None,
    spent: float,
    configuration: Configuration | None,
    fidelity: float = 1.0,
    note: Mapping[str, Any] | None = None,
) -> Trial:
    """A trial as the analysis reads it; a diverged one may have values, as in published studies."""
    kind = ScoredOutcome if status is TrialStatus.DIVERGED else Outcome
    return Trial(
        proposal=proposal,
        configuration=configuration,
        outcome=kind(status=status, seconds=0.0, search=search, holdout=holdout, fidelity=fidelity),
        spent=spent,
        note=note or {},
    )
