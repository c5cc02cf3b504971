"""A small study on disk as a driver would have left it, without any training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from recorded import AT, ENVIRONMENT, run_record

from harness.records.baseline import BaselineRecord
from harness.records.cell import Cell
from harness.records.log import RunHeader
from harness.records.outcome import Outcome, Trial
from harness.records.run_record import RepairedFault, RunSeconds
from harness.records.store import Store
from harness.space.derivation import derive
from harness.study.plan import Plan, baseline_paths
from harness.study.spec import make_techniques
from harness.subjects.registry import Registry
from harness.vocabulary import TrialStatus

TRAININGS = 10
"""Of each program in a baseline."""

T = 2.0
"""Seconds of every training, and its multiply-accumulates where they are counted."""


def write_study(plan: Plan, registry: Registry, root: Path, leave_out: int = 0) -> Store:
    """Store baselines and runs of a plan, but for the last ``leave_out`` runs.

    Each trial of the faults, which are judged by accuracy, draws a configuration and a value.
    """
    store = Store(root)
    for fault, path in baseline_paths(plan, registry, store).items():
        BaselineRecord(
            fault=fault,
            content=registry[fault].content,
            metric="accuracy",
            training_time=T,
            work=_work(plan.clock),
            data=plan.data_of(registry[fault]),
            fraction=plan.fraction_of(fault),
            device="a machine",
            started=AT,
            environment=ENVIRONMENT,
            faulty=_trainings(0.2, plan.clock),
            fixed=_trainings(0.9, plan.clock),
        ).write(path)
    cells = plan.cells(registry)
    for number, cell in enumerate(cells[: len(cells) - leave_out]):
        _write_run(store, cell, registry, np.random.default_rng(number))
    return store


def small_study(
    root: Path, registry: Registry, faults: Sequence[str], names: Sequence[str], budget: float
) -> tuple[Plan, Store]:
    """A plan of three repetitions, and its runs as :func:`write_study` leaves them."""
    plan = Plan(
        name="small",
        faults=faults,
        techniques=make_techniques(names),
        repetitions=3,
        budget=budget,
    )
    return plan, write_study(plan, registry, root)


def _write_run(store: Store, cell: Cell, registry: Registry, rng: np.random.Generator) -> None:
    fault = registry[cell.fault]
    domains = derive(fault.faulty, fault.subject.context).domains
    with store.log(RunHeader(cell=cell, metric="accuracy", training_time=T)) as log:
        assert log is not None
        trials = int(cell.budget) - 1
        for index in range(trials):
            drawn = {name: domain.sample(rng) for name, domain in domains.items()}
            log.append(
                Trial(
                    index=index,
                    proposal=index,
                    configuration={**fault.faulty, **drawn},
                    outcome=_judged(float(rng.uniform(0.1, 0.95)), cell.clock),
                    suggest_seconds=1 / trials,
                    charged=T,
                    spent=T * (index + 1),
                    at=AT,
                )
            )
    record = run_record(
        cell,
        trials,
        fault=RepairedFault(
            title=fault.title,
            metric=fault.subject.metric,
            faulty=fault.faulty,
            fixed=fault.fixed,
        ),
        training_time=T,
        allowed=T * cell.budget,
        spent=T * trials,
        seconds=RunSeconds(
            training=T * trials,
            search=1.0,
            building=0.5,
            total=T * trials + 3,
            opening=0.0,
        ),
    )
    store.finish(record)


def _trainings(value: float, clock: str) -> Sequence[Outcome]:
    return [_judged(value + shift / 200, clock) for shift in range(TRAININGS)]


def _work(clock: str) -> float:
    return T if clock == "work" else 0.0


def _judged(value: float, clock: str) -> Outcome:
    return Outcome(
        status=TrialStatus.COMPLETED,
        seconds=T,
        steps=10,
        work=_work(clock),
        reference_seconds=T,
        whole_reference_seconds=T,
        search=value,
        holdout=value,
    )
