"""Confirmation: the winner of a run is trained again with fresh seeds, outside the budget.

A winner was chosen for one training among many, so its own value is too good on average. Who wins
depends on protocol and budget, so re-trainings are kept beside the run, per trial, and are no part
of its identity: more can be asked for later, and no run is made again for it. A patch that is a
history (AutoTrainer's) is confirmed by replaying all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness.analysis.protocols import Protocol
from harness.analysis.replay import at_budget
from harness.analysis.winners import confirmations, winner
from harness.engine import Pool, Workers
from harness.records.baseline import Baseline
from harness.records.cell import Cell
from harness.records.outcome import Trial
from harness.records.run import Confirmation, Run
from harness.records.store import Store
from harness.subjects.registry import folders, load_registry
from harness.training import Request
from harness.training.watched.history import History
from harness.vocabulary import Cause

NOT_TOLD = (Cause.INFRASTRUCTURE, Cause.TIME_OUT)
"""Causes of a crash that say nothing about the patch: such a re-training is not kept."""


@dataclass(frozen=True, slots=True)
class _Job:
    source: Cell
    """The run that is recorded."""
    winner: Trial
    seeds: Sequence[int]
    expected: float
    """Seconds that one of them may take before it is watched for hanging."""
    folders: tuple[Path, ...]


def confirm(
    sources: Mapping[Cell, Cell],
    baselines: Mapping[str, Baseline],
    store: Store,
    protocol: Protocol,
    times: int,
    pool: Callable[[], Pool],
    progress: Callable[[int, int], None],
) -> list[str]:
    """Bring the winner of every run to ``times`` re-trainings.

    Args:
        sources: Cell -> the finished run that answers it.
        baselines: By fault.
        protocol: Says which trial is the winner.
        times: 0 does nothing.
        progress: Called with the runs confirmed and to be confirmed.

    Returns:
        What went wrong, a line each. What was lost is tried again by the next call.
    """
    jobs = _jobs(sources, baselines, store, protocol, times)
    troubles = []
    for done, (job, result) in enumerate(pool().map(_train, jobs) if jobs else (), start=1):
        if isinstance(result, Exception):
            troubles.append(f"{job.source.folder}: {type(result).__name__}: {result}")
        else:
            store.confirm(job.source, result)
            if lost := len(job.seeds) - len(result):
                troubles.append(f"{job.source.folder}: {lost} re-trainings were lost")
        progress(done, len(jobs))
    return troubles


def retrained(
    cell: Cell,
    run: Run,
    protocol: Protocol,
    times: int,
    where: tuple[Path, ...],
    workers: Workers,
) -> list[Confirmation]:
    """``times`` re-trainings of the winner of a run that has just ended; some may be lost.

    Args:
        where: Folders of the faults.
    """
    job = _job(cell, run, protocol, times, where)
    return [] if job is None else _train(job, workers)


def _jobs(
    sources: Mapping[Cell, Cell],
    baselines: Mapping[str, Baseline],
    store: Store,
    protocol: Protocol,
    times: int,
) -> list[_Job]:
    jobs = []
    for cell, source in sources.items():
        if times == 0:
            break
        run = store.read_run(source)
        if source != cell:
            run = at_budget(run, cell.budget, baselines[cell.fault].training_time)
        if job := _job(source, run, protocol, times, tuple(folders())):
            jobs.append(job)
    return jobs


def _job(
    source: Cell, run: Run, protocol: Protocol, times: int, where: tuple[Path, ...]
) -> _Job | None:
    """The re-trainings that the winner of a run lacks; None if it lacks none."""
    best = winner(run, protocol)
    if best is None:
        return None
    there = {again.seed for again in confirmations(best, run)}
    seeds = [s for n in range(times) if (s := _seed(source, best, n)) not in there]
    # No trial of the run took longer than all of them.
    return _Job(source, best, seeds, run.training_seconds, where) if seeds else None


def _seed(source: Cell, best: Trial, number: int) -> int:
    """Differs from the seed of every training of the run, which has two words."""
    words = [source.run_seed, best.proposal, 1 + number]
    return int(np.random.SeedSequence(words).generate_state(1)[0])


def _train(job: _Job, workers: Workers) -> list[Confirmation]:
    cell, best = job.source, job.winner
    fault = load_registry(job.folders)[cell.fault]
    assert best.configuration is not None
    history = None if best.history is None else History.parse(best.history)
    request = Request.of(
        fault,
        best.configuration,
        seed=0,
        data=cell.data,
        fraction=cell.fraction,
        folders=job.folders,
    )
    worker = workers(cell.backend)
    kept = []
    for seed in job.seeds:
        again = replace(
            request,
            seed=seed,
            fidelity=best.fidelity,
            run=f"{cell.identity} again",
            proposal=seed,
            history=history,
        )
        outcome = worker.train(again, job.expected)
        if outcome.cause not in NOT_TOLD:
            kept.append(
                Confirmation(
                    proposal=best.proposal,
                    fidelity=best.fidelity,
                    seed=seed,
                    outcome=replace(outcome, memory=0),
                )
            )
    return kept
